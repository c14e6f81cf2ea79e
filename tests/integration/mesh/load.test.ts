import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callThroughEnvoy, type EnvoyAnswer } from '../../support/call-through-envoy.ts';
import { type CostlyService, startCostlyService } from '../../support/costly-service.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const WORKLOADS = ['holder', 'burner', 'liar', 'sleeper', 'broken'];
/** Of 4096 MiB and 4000 CPU-ms per second, an eighth and a fifth each. */
const MEMORY_MIB = 512;
const CPU_MS_PER_SEC = 800;
const TIMEOUT_MS = 1500;

describe('load estimates behind a real Envoy (CONTRACT §D)', () => {
  let service: CostlyService;
  let topology: Topology;
  const tokens = new Map<string, string>();

  const call = (workload: string, load: { cpu?: number | string; memoryMb?: number }): Promise<EnvoyAnswer> =>
    callThroughEnvoy(topology.envoyUrls[0] as string, 'payment', {
      'x-capacity-token': tokens.get(workload) as string,
      'x-capacity-operation': 'charge',
      ...(load.cpu !== undefined && { 'x-capacity-cpu': String(load.cpu) }),
      ...(load.memoryMb !== undefined && { 'x-capacity-memory-mb': String(load.memoryMb) }),
    });

  /** A number of the sidecar's metrics. */
  const metric = async (series: string): Promise<number> => {
    const up = JSON.parse(readFileSync(join(topology.stateDir, 'up.json'), 'utf8'));
    const text = await (await fetch(`http://127.0.0.1:${up.ports.nodes[0].health}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    assert.ok(line, `${series} is not told`);
    return Number(line.split(' ')[1]);
  };
  const ended = (how: string) => metric(`capmesh_load_ended_total{how="${how}"}`);
  const nothingOpen = () => waitFor('every end of a call', async () => (await metric('capmesh_load_open')) === 0);
  /** Calls that are admitted one after the other until one is refused. */
  const admittedInARow = async (workload: string, cpu: number): Promise<number> => {
    for (let count = 0; ; count += 1) if ((await call(workload, { cpu })).status !== 200) return count;
  };

  before(async () => {
    service = await startCostlyService();
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: {
          payment: {
            endpoints: [`127.0.0.1:${service.port}`],
            timeoutMs: TIMEOUT_MS,
            capacity: { cpuMsPerSec: 5 * CPU_MS_PER_SEC, memoryMiB: 8 * MEMORY_MIB },
          },
        },
        workloads: Object.fromEntries(WORKLOADS.map((name) => [name, {}])),
        budgets: Object.fromEntries(WORKLOADS.map((name) => [name, { payment: { int: 0.2, ptr: 0.125 } }])),
      },
    });
    for (const workload of WORKLOADS) tokens.set(workload, await requestToken(topology, workload));
    for (const workload of WORKLOADS) {
      await waitFor(`an edge for ${workload}`, async () => (await call(workload, {})).status === 200);
    }
  });

  after(async () => {
    service?.release();
    await topology?.stop();
    await service?.stop();
  });

  it('refuses a call whose memory does not fit beside those in flight, until one of them is over', async () => {
    service.holding = true;
    const held = [call('holder', { memoryMb: 256 }), call('holder', { memoryMb: 256 })];
    await waitFor('two calls in flight', async () => service.held() === 2);
    assert.equal(await metric('capmesh_load_open'), 2);
    assert.equal(await metric('capmesh_load_over_admission_max_memory_mib'), 3 * MEMORY_MIB);
    const refused = await call('holder', { memoryMb: 1 });
    assert.deepEqual([refused.status, refused.denied], [429, 'load-exhausted']);
    const body = JSON.parse(refused.body);
    assert.deepEqual([body.reason, body.edge], ['load-exhausted', 'holder/payment']);
    assert.ok(body.retryAfterMs > 0 && body.retryAfterMs <= TIMEOUT_MS, String(body.retryAfterMs));
    assert.equal(refused.headers['retry-after'], String(Math.ceil(body.retryAfterMs / 1000)));
    assert.equal(service.held(), 2, 'it did not reach the service');
    service.holding = false;
    service.release();
    assert.deepEqual(
      (await Promise.all(held)).map(({ status }) => status),
      [200, 200],
    );
    await nothingOpen();
    assert.equal(await ended('asEstimated'), 2);
    assert.equal((await call('holder', { memoryMb: MEMORY_MIB })).status, 200);
    assert.equal(service.newest()?.['x-capacity-operation'], 'charge');
  });

  it('refuses CPU beyond the share, and lets it through again as the bucket fills', async () => {
    assert.equal(await admittedInARow('burner', CPU_MS_PER_SEC / 2), 2);
    await waitFor('another call', async () => (await call('burner', { cpu: CPU_MS_PER_SEC / 2 })).status === 200);
    const never = await call('burner', { cpu: CPU_MS_PER_SEC + 1 });
    assert.deepEqual([never.status, never.denied, never.headers['retry-after']], [429, 'load-exhausted', '60']);
  });

  it('gives back what a call did not need, and takes what it needed beyond its estimate', async () => {
    const settledBefore = await ended('settled');
    service.cost = { cpu: '10', memoryMb: '1' };
    assert.equal((await call('liar', { cpu: 700, memoryMb: 1 })).status, 200);
    await waitFor('its cost', async () => (await ended('settled')) === settledBefore + 1);
    assert.equal((await call('liar', { cpu: 700 })).status, 200, 'of 700 CPU-ms only 10 were needed');
    await waitFor('its cost', async () => (await ended('settled')) === settledBefore + 2);
    service.cost = { cpu: String(4 * CPU_MS_PER_SEC) };
    assert.equal((await call('liar', { cpu: 100 })).status, 200);
    await waitFor('its cost', async () => (await ended('settled')) === settledBefore + 3);
    service.cost = null;
    const refused = await call('liar', { cpu: 1 });
    assert.deepEqual([refused.status, refused.denied], [429, 'load-exhausted']);
    const { retryAfterMs } = JSON.parse(refused.body);
    assert.ok(retryAfterMs > 2000, `${retryAfterMs} ms: 4 s of CPU are owed, and one second was there`);
  });

  it('frees what a call holds when its route times out', async () => {
    const estimatedBefore = (await ended('asEstimated')) + (await ended('timedOut'));
    service.holding = true;
    const answer = await call('sleeper', { memoryMb: MEMORY_MIB });
    assert.equal(answer.status, 504);
    service.holding = false;
    await nothingOpen();
    assert.equal((await ended('asEstimated')) + (await ended('timedOut')), estimatedBefore + 1);
    assert.equal((await call('sleeper', { memoryMb: MEMORY_MIB })).status, 200);
    service.release();
  });

  it('refuses an estimate that is none, and says what one is', async () => {
    for (const cpu of ['-1', 'NaN', 'Infinity', '1e3', '10000000000', '5, 6', '0x10']) {
      const { status, denied, body } = await call('broken', { cpu });
      assert.deepEqual([status, denied], [400, 'estimate-invalid'], cpu);
      assert.match(JSON.parse(body).message, /x-capacity-cpu .*decimal/);
    }
    assert.equal((await call('broken', { cpu: '0.5' })).status, 200);
  });
});
