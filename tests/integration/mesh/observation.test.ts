import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { type CountingService, startCountingService } from '../../support/counting-service.ts';
import { type SpanCollector, startSpanCollector } from '../../support/span-collector.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const CALLS = 80;
/** Fraction of C_obs by workload; `usual` has none, which counts 0.1. */
const BUDGETS = { loud: { obs: 1 }, usual: {}, quiet: { obs: 0.005 }, silent: { obs: 0 } };

interface Line {
  readonly workload: string;
  readonly service: string;
  readonly path: string;
  readonly status: number;
  readonly denied: string | null;
}

describe('what is seen of calls (C_obs)', () => {
  let service: CountingService;
  let collector: SpanCollector;
  let topology: Topology;
  const seconds = new Map<string, number>();
  const sampled = new Map<string, number>();

  const call = (headers: Readonly<Record<string, string>>) =>
    callThroughEnvoy(`${topology.envoyUrls[0]}/pay?card=1`, 'payment', headers);

  /** Lines of the access log, as Envoy writes it. */
  const lines = (): Line[] =>
    readFileSync(join(topology.stateDir, 'logs', 'node-1-envoy.log'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
  const linesOf = (workload: string): Line[] => lines().filter((line) => line.workload === workload);

  before(async () => {
    service = await startCountingService();
    collector = await startSpanCollector();
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: { payment: { endpoints: [`127.0.0.1:${service.port}`] } },
        workloads: Object.fromEntries(Object.keys(BUDGETS).map((name) => [name, {}])),
        budgets: Object.fromEntries(Object.entries(BUDGETS).map(([name, budget]) => [name, { payment: budget }])),
      },
      upArgs: ['--trace-collector', collector.address],
    });
    for (const workload of ['quiet', 'silent', 'usual', 'loud']) {
      const token = await requestToken(topology, workload);
      const startMs = performance.now();
      for (let i = 0; i < CALLS; i += 1) {
        const { status } = await call({ 'x-capacity-token': token });
        assert.equal(status, 200);
        // The trace decision travels in this digit of the id: 9 = sampled.
        const id = String(service.headers.at(-1)?.['x-request-id']);
        if (id[14] === '9') sampled.set(workload, (sampled.get(workload) ?? 0) + 1);
      }
      seconds.set(workload, (performance.now() - startMs) / 1000);
    }
    assert.equal((await call({})).status, 401);
  });

  after(async () => {
    await topology?.stop();
    await service?.stop();
    collector?.stop();
  });

  it('writes as many lines of the access log as C_obs allows, without what a query may hide', async () => {
    await waitFor('the last line', async () => linesOf('~unverified').length > 0);
    assert.equal(linesOf('loud').length, CALLS);
    assert.equal(linesOf('usual').length, CALLS, '100 lines a second');
    assert.equal(linesOf('silent').length, 0);
    const quiet = linesOf('quiet').length;
    const allowed = 5 + 5 * (seconds.get('quiet') ?? 0);
    assert.ok(quiet >= 5 && quiet <= allowed + 1, `${quiet} lines, ${allowed} allowed`);
    assert.deepEqual(
      linesOf('loud').map(({ service: called, path, status, denied }) => [called, path, status, denied])[0],
      ['payment', '/pay', 200, null],
    );
  });

  it('writes refused calls too, with the reason', () => {
    const [refused] = linesOf('~unverified');
    assert.deepEqual([refused?.status, refused?.denied, refused?.path], [401, 'token-missing', '/pay']);
  });

  it('samples the share of calls for traces that C_obs allows', () => {
    assert.equal(sampled.get('loud'), CALLS);
    assert.equal(sampled.get('silent'), undefined);
    const usual = sampled.get('usual') ?? 0;
    // 8 of 80 on average; fewer than 1 or more than 22 by chance in one run of a thousand.
    assert.ok(usual >= 1 && usual <= 22, `${usual} of ${CALLS}`);
  });

  it('sends spans of the sampled calls to the collector', async () => {
    // Every span names the id of its call.
    const ids = service.headers.map((headers) => String(headers['x-request-id']));
    const inSpans = (id: string) => collector.exports.some((bytes) => bytes.includes(id));
    const sampledIds = ids.filter((id) => id[14] === '9');
    await waitFor('the spans of the newest calls', async () => sampledIds.every(inSpans));
    assert.ok(sampledIds.length > 0);
    assert.deepEqual(ids.filter((id) => id[14] !== '9').filter(inSpans), []);
  });
});
