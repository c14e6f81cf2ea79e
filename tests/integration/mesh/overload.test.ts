import assert from 'node:assert/strict';
import { ChildProgram, jsonField } from '../../../demo/child-program.ts';
import { programPath } from '../../../demo/program-path.ts';
import { GateStatus } from '../../../proto/gen/capmesh/v1/gates.ts';
import { offerTraffic } from '../../support/offer-traffic.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

/** 8 workers × 20 ms, slower the longer the queue: at most 392 calls a second, and a collapse without limits. */
const SERVICE = ['--workers', '8', '--service-ms', '20', '--thrash', '0.02'];
const CAPACITY_RPS = 392;
const CALM_RPS = 280;
const OVERLOAD_RPS = 1600;

describe('four times what a service can take, and no limit set by hand', () => {
  let service: ChildProgram;
  let topology: Topology;
  let token: string;

  const fitStatus = async () => {
    const { services } = await topology.admin.status();
    return services.find(({ service: name }) => name === 'payment')?.gates?.fit?.status;
  };

  before(async () => {
    service = new ChildProgram({
      command: process.execPath,
      args: [programPath('demo/overload-service'), ...SERVICE],
    });
    const port = await service.first(jsonField<number>('port'));
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: { payment: { endpoints: [`127.0.0.1:${port}`] } },
        workloads: { checkout: {} },
        budgets: { checkout: { payment: {} } },
      },
    });
    token = await requestToken(topology, 'checkout');
  });

  after(async () => {
    await topology?.stop();
    await service?.stop();
  });

  it('keeps the service at its knee, says so, and lets go when the load is gone', async () => {
    const seen = new Set<number | undefined>();
    const phases = [
      { name: 'calm', seconds: 8, rateRps: CALM_RPS },
      { name: 'onset', seconds: 6, rateRps: OVERLOAD_RPS },
      { name: 'overload', seconds: 12, rateRps: OVERLOAD_RPS },
    ];
    let over = false;
    const watching = waitFor(
      'the end of the traffic',
      async () => {
        seen.add(await fitStatus());
        return over;
      },
      60_000,
    );
    const reports = await offerTraffic({
      envoyUrl: topology.envoyUrls[0] as string,
      service: 'payment',
      token,
      phases,
      arrivals: 'poisson',
    });
    over = true;
    await watching;

    assert.deepEqual(reports.calm?.refused, {});
    assert.deepEqual(reports.calm?.errors, {});
    const goodputRps = (reports.overload?.good ?? 0) / 12;
    assert.ok(goodputRps >= 0.9 * CAPACITY_RPS, `goodput ${goodputRps}/s of ${CAPACITY_RPS}/s`);
    assert.ok(seen.has(GateStatus.GATE_STATUS_FAIL), 'fit never failed');

    await offerTraffic({
      envoyUrl: topology.envoyUrls[0] as string,
      service: 'payment',
      token,
      phases: [{ name: 'calm again', seconds: 10, rateRps: CALM_RPS }],
    });
    await waitFor('fit to recover', async () => (await fitStatus()) !== GateStatus.GATE_STATUS_FAIL, 30_000);
  });
});
