import assert from 'node:assert/strict';
import { type CountingService, startCountingService } from '../../support/counting-service.ts';
import { offerTraffic, together } from '../../support/offer-traffic.ts';
import { runCli } from '../../support/run-cli.ts';
import { envoyStat, requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const CAPACITY = { rps: 400, concurrency: 24 };
/** The bucket's burst is spent within these. */
const SETTLE = { name: 'settle', seconds: 3 };
const MEASURED = { name: 'measured', seconds: 20 };

function mesh(port: number): object {
  return {
    mesh: 'shop',
    services: { payment: { endpoints: [`127.0.0.1:${port}`], capacity: CAPACITY } },
    workloads: { checkout: { tenant: 'shop' } },
    budgets: { checkout: { payment: { int: 0.8, ptr: 0.75 } } },
  };
}

/** The newest edit has reached every node; how many, and how long the slowest took. */
async function appliedEverywhere(topology: Topology, nodes: number) {
  return waitFor('the edit on every node', async () => {
    const { lastEdit } = await topology.admin.status();
    return lastEdit !== undefined && lastEdit.nodesTotal === nodes && lastEdit.nodesApplied === nodes && lastEdit;
  });
}

for (const nodes of [1, 2]) {
  describe(`a budget edit on ${nodes} node${nodes === 1 ? '' : 's'}`, () => {
    let service: CountingService;
    let topology: Topology;
    let token: string;

    before(async () => {
      service = await startCountingService(40);
      topology = await startProcesses({ mesh: mesh(service.port), nodes });
      token = await requestToken(topology, 'checkout');
    });

    after(async () => {
      await topology?.stop();
      await service?.stop();
    });

    it('moves the rate to the new limit, and status says where it is applied and how fast', async () => {
      const edit = await runCli(topology.stateDir, 'budget', 'set', 'checkout', 'payment', '--int', '0.2');
      assert.equal(edit.code, 0, edit.out);
      const rollout = await appliedEverywhere(topology, nodes);
      assert.ok(rollout.p99Ms > 0 && rollout.p99Ms < 5_000, `p99 ${rollout.p99Ms} ms`);

      const rateRps = 300 / nodes;
      const phases = [SETTLE, MEASURED].map((phase) => ({ ...phase, rateRps }));
      const reports = await Promise.all(
        topology.envoyUrls.map((envoyUrl) => offerTraffic({ envoyUrl, service: 'payment', token, phases })),
      );
      const measured = together(reports, MEASURED.name);
      const limitRps = 0.2 * CAPACITY.rps;
      const admittedRps = measured.ok / MEASURED.seconds;
      assert.ok(Math.abs(admittedRps / limitRps - 1) <= 0.05, `${admittedRps}/s admitted at a limit of ${limitRps}/s`);
      assert.deepEqual(measured.errors, {});
      const { 'budget-exhausted': exhausted = 0, ...otherwise } = measured.refused;
      assert.ok(exhausted > 0, 'nothing was refused');
      assert.deepEqual(otherwise, {});
    });

    it('moves the calls in flight to the new limit without making a cluster anew', async () => {
      const modified = () =>
        Promise.all(topology.envoyAdminUrls.map((admin) => envoyStat(admin, 'cluster_manager.cluster_modified')));
      const before = await modified();
      const edit = await runCli(
        topology.stateDir,
        'budget',
        'set',
        'checkout',
        'payment',
        '--int',
        '1',
        '--ptr',
        '0.25',
      );
      assert.equal(edit.code, 0, edit.out);
      await appliedEverywhere(topology, nodes);
      const perNode = Math.ceil((0.25 * CAPACITY.concurrency) / nodes);
      await waitFor('the breaker on every node', async () => {
        const { edges } = await topology.admin.status();
        return edges[0]?.maxRequests === perNode;
      });

      const seenBefore = service.calls();
      const phases = [{ name: 'busy', seconds: 3, rateRps: 380 / nodes }];
      const reports = await Promise.all(
        topology.envoyUrls.map((envoyUrl) => offerTraffic({ envoyUrl, service: 'payment', token, phases })),
      );
      const busy = together(reports, 'busy');
      assert.ok((busy.refused['breaker-open'] ?? 0) > 50, JSON.stringify(busy.refused));
      // perNode calls of 40 ms each, without pause.
      const attainable = ((perNode * nodes) / 0.04) * 3;
      assert.ok(
        busy.ok <= attainable * 1.05,
        `${busy.ok} calls served, ${attainable} possible with ${perNode} in flight`,
      );
      assert.ok(busy.ok >= attainable * 0.7, `only ${busy.ok} of ${attainable} calls served`);
      assert.equal(service.calls() - seenBefore, busy.ok);
      assert.deepEqual(await modified(), before);
    });
  });
}
