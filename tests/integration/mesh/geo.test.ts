import assert from 'node:assert/strict';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { type CountingService, startCountingService } from '../../support/counting-service.ts';
import { runCli } from '../../support/run-cli.ts';
import { envoyStat, requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const CALLS = 40;

describe('how far calls may spill', () => {
  let near: CountingService[];
  let far: CountingService;
  let topology: Topology;
  const tokens = new Map<string, string>();

  const clustersMade = () => envoyStat(topology.envoyAdminUrls[0] as string, 'cluster_manager.cluster_modified');

  /** Calls of a workload, one after the other: statuses, and where they landed. */
  async function calls(workload: string, count = CALLS) {
    const before = { near: near.map((each) => each.calls()), far: far.calls() };
    const statuses: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const headers = { 'x-capacity-token': tokens.get(workload) as string };
      statuses.push((await callThroughEnvoy(topology.envoyUrls[0] as string, 'payment', headers)).status);
    }
    return {
      ok: statuses.filter((status) => status === 200).length,
      refused: statuses.filter((status) => status === 503).length,
      near: near.map((each, i) => each.calls() - (before.near[i] ?? 0)),
      far: far.calls() - before.far,
    };
  }

  before(async () => {
    near = await Promise.all([startCountingService(), startCountingService()]);
    far = await startCountingService();
    const placed = (service: CountingService, zone: string) => ({
      address: `127.0.0.1:${service.port}`,
      region: 'eu',
      zone,
    });
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: { payment: { endpoints: [placed(far, 'eu-b'), ...near.map((each) => placed(each, 'eu-a'))] } },
        workloads: { homely: {}, roaming: {}, free: {} },
        budgets: {
          homely: { payment: { geo: 0.4 } },
          roaming: { payment: { geo: 1 } },
          free: { payment: {} },
        },
      },
      upArgs: ['--localities', 'eu/eu-a'],
    });
    for (const workload of ['homely', 'roaming', 'free']) {
      tokens.set(workload, await requestToken(topology, workload));
    }
  });

  after(async () => {
    await topology?.stop();
    await Promise.all([...(near ?? []), far].map((service) => service?.stop()));
  });

  it('keeps calls near where something near is healthy, and spreads those without C_geo', async () => {
    for (const workload of ['homely', 'roaming']) {
      const {
        ok,
        near: [first = 0, second = 0],
        far: spilled,
      } = await calls(workload);
      assert.deepEqual([ok, first + second, spilled], [CALLS, CALLS, 0], workload);
      assert.ok(first > 0 && second > 0, `${workload}: ${first} and ${second} calls`);
    }
    const free = await calls('free');
    assert.equal(free.ok, CALLS);
    assert.ok(free.far > 0 && free.near.every((count) => count > 0), JSON.stringify(free));
  });

  it('takes in a further level after an edit, without making a cluster anew', async () => {
    const before = await clustersMade();
    const edit = await runCli(topology.stateDir, 'budget', 'set', 'roaming', 'payment', '--geo', '0.4');
    assert.equal(edit.code, 0, edit.out);
    await waitFor('the edit at Envoy', async () => (await topology.admin.status()).lastEdit?.nodesApplied === 1);
    const back = await runCli(topology.stateDir, 'budget', 'set', 'roaming', 'payment', '--geo', '1');
    assert.equal(back.code, 0, back.out);
    await waitFor('the edit at Envoy', async () => (await topology.admin.status()).lastEdit?.nodesApplied === 1);
    assert.equal(await clustersMade(), before);
  });

  it('spills to the next level when the nearer endpoints are gone, and not beyond what C_geo allows', async () => {
    await Promise.all(near.map((service) => service.stop()));
    const roaming = await calls('roaming');
    assert.deepEqual([roaming.ok, roaming.far], [CALLS, CALLS], JSON.stringify(roaming));
    const homely = await calls('homely');
    assert.deepEqual([homely.ok, homely.refused, homely.far], [0, CALLS, 0], JSON.stringify(homely));
  });
});
