import assert from 'node:assert/strict';
import { type ListeningServer, listen } from '../../../demo/services/listen.ts';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

/** An instance that fails a share of its calls. */
interface Instance {
  readonly server: ListeningServer;
  failing: number;
  calls: number;
  failed: number;
}

async function startInstance(): Promise<Instance> {
  const server = await listen(0, (request, response) => {
    request.resume();
    instance.calls += 1;
    // Spread evenly: every second call at 0.5.
    const fails = Math.floor(instance.calls * instance.failing) > Math.floor((instance.calls - 1) * instance.failing);
    if (fails) instance.failed += 1;
    response.statusCode = fails ? 500 : 200;
    response.end();
  });
  const instance: Instance = { server, failing: 0, calls: 0, failed: 0 };
  return instance;
}

describe('one bad endpoint of three', () => {
  let instances: Instance[];
  let topology: Topology;
  const tokens = new Map<string, string>();

  /** Calls one after the other: how many of each status, and how many reached the first instance. */
  async function burst(workload: string, count: number) {
    const before = instances[0]?.calls ?? 0;
    const statuses = new Map<number, number>();
    for (let i = 0; i < count; i += 1) {
      const headers = { 'x-capacity-token': tokens.get(workload) as string };
      const { status } = await callThroughEnvoy(topology.envoyUrls[0] as string, 'payment', headers);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    return { statuses, reachedFirst: (instances[0]?.calls ?? 0) - before };
  }

  before(async () => {
    instances = await Promise.all([startInstance(), startInstance(), startInstance()]);
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: {
          payment: {
            endpoints: instances.map(({ server }) => `127.0.0.1:${server.port}`),
            ejectFailing: true,
          },
        },
        workloads: { close: {}, loose: {} },
        budgets: { close: { payment: { int: 1 } }, loose: { payment: { int: 0.2 } } },
      },
    });
    for (const workload of ['close', 'loose']) tokens.set(workload, await requestToken(topology, workload));
  });

  after(async () => {
    await topology?.stop();
    await Promise.all((instances ?? []).map(({ server }) => server.stop()));
  });

  it('is left out by an edge that leans on the service, and kept by one that bears errors', async () => {
    (instances[0] as Instance).failing = 0.5;
    let looseReached = 0;
    let looseCalls = 0;
    await waitFor(
      'the bad endpoint to be left out',
      async () => {
        const loose = await burst('loose', 40);
        looseReached += loose.reachedFirst;
        looseCalls += 40;
        return (await burst('close', 60)).reachedFirst === 0;
      },
      30_000,
    );
    const after = await burst('close', 60);
    assert.deepEqual([...after.statuses], [[200, 60]]);
    const share = looseReached / looseCalls;
    assert.ok(share > 0.15, `the edge that bears 80 % of errors sent ${share} of its calls there`);
  });

  it('leaves somebody to answer when all of them fail', async () => {
    for (const instance of instances) instance.failing = 1;
    const endMs = performance.now() + 6_500;
    const seen = new Set<number>();
    while (performance.now() < endMs) for (const status of (await burst('close', 50)).statuses.keys()) seen.add(status);
    // 503 would be Envoy's: no healthy upstream.
    assert.deepEqual([...seen], [500]);
  });
});
