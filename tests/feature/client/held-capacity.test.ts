import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CapmeshClient, type HeldCapacity, type LostGrant } from '../../../client/index.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { ManualTiming } from '../../support/manual-timing.ts';
import { until } from '../../support/until.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const HALF = { cInt: 0.5, cPtr: 0.5 };
const MINUTE_MS = 60_000;

describe('capacity that is held, at the door of a control plane', () => {
  let api: ApiFixture;
  let client: CapmeshClient;
  let timing: ManualTiming;
  let held: HeldCapacity;
  let secret: string;

  /** Time passes on both sides. */
  const pass = async (ms: number): Promise<void> => {
    api.clock.advance(ms);
    await timing.advance(ms);
  };
  const grants = () => api.ledger.account('checkout').grants.map(({ jti }) => jti);

  beforeEach(async () => {
    api = await startApi();
    await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE });
    ({ secret } = await grpcCall(api.admin, api.admin.enrol, { workload: 'checkout' }));
    timing = new ManualTiming();
    client = new CapmeshClient({ address: api.grpcAddress, secret: () => secret, timing });
    held = client.holdCapacity({ workloadId: 'checkout', capacityVector: HALF, durationMs: MINUTE_MS });
  });

  afterEach(async () => {
    await client.close();
    await api.stop();
  });

  it('holds one grant, renewed in its place, and gives it back', async () => {
    const first = await held.ready();
    const [grant] = grants();
    await pass(42_000);
    await until(async () => (await held.token()) !== first);
    assert.equal(grants().length, 1);
    assert.notEqual(grants()[0], grant);
    await client.close();
    assert.deepEqual(grants(), []);
  });

  it('notices at the next renewal that its grant was revoked, and asks anew', async () => {
    await held.ready();
    const [gone] = grants();
    const lost: LostGrant[] = [];
    held.on('lost', (grant) => lost.push(grant));
    await grpcCall(api.admin, api.admin.revokeToken, { grantId: gone as string });
    await pass(42_000);
    await until(() => lost.length > 0 && grants().length === 1);
    assert.deepEqual(lost, [{ grantId: gone, reason: 'revoked' }]);
    assert.notEqual(grants()[0], gone);
  });

  it('waits where the account is exhausted, as long as it is told, and gets what others give back', async () => {
    await held.ready();
    const greedy = client.holdCapacity({ workloadId: 'checkout', capacityVector: { cInt: 0.8 } });
    const [refusal] = await new Promise<unknown[]>((resolve) => greedy.once('refused', (...args) => resolve(args)));
    assert.deepEqual(Object(refusal).bindingAxes, ['int']);
    await assert.rejects(greedy.token(), { code: 'refused' });
    await held.close();
    const { retryAfterMs } = refusal as { retryAfterMs: number };
    await pass(1.25 * retryAfterMs);
    await greedy.ready();
  });

  it('a vector that is none is told at once', () => {
    const strange = { int: 1 } as object;
    assert.throws(() => client.holdCapacity({ workloadId: 'checkout', capacityVector: strange }), RangeError);
  });

  it('lets a process end that does nothing else', async () => {
    const program = `
      import { CapmeshClient } from 'capmesh/client';
      const client = new CapmeshClient({ address: '${api.grpcAddress}', secret: () => process.env.SECRET });
      const held = client.holdCapacity({ workloadId: 'checkout', durationMs: 60000 });
      console.log((await held.ready()).split('.').length);`;
    const run = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      env: { ...process.env, SECRET: secret },
      timeout: 20_000,
    });
    assert.equal(run.stdout, '3\n');
  });
});
