import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { ExplainRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const RECORD = {
  id: '0123abcd-7',
  node: 'node-1',
  workload: 'checkout',
  service: 'payment',
  reason: 'budget-exhausted',
  at: { seconds: 1_800_000_000, nanos: 0 },
  prio: 7,
  bucket: { byToken: true, rateRps: 160, burst: 26, level: 0.5, intShare: 0.5, leaseExpired: false },
};
const TOKEN = {
  workload: 'checkout',
  expiresAt: { seconds: 1_799_999_990, nanos: 0 },
  notBefore: { seconds: 1, nanos: 0 },
};

describe('refusals over both doors', () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
    equal((await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE })).status, 200);
  });
  beforeEach(() => {
    api.refusals = [];
  });
  after(() => api?.stop());

  it('explains one by its id, with what its sidecar remembers', async () => {
    api.refusals = [{}, { record: RECORD }];
    const answer = await grpcCall(api.admin, api.admin.explain, ExplainRequest.fromPartial({ refusalId: RECORD.id }));
    match(
      answer.refusal?.sentence ?? '',
      /^this token of checkout may call payment 160 times a second on node-1, 0\.5 of/,
    );
    deepEqual(
      [answer.refusal?.limitedBy, answer.refusal?.limit, answer.refusal?.used, answer.refusal?.unit],
      ['grant int', 26, 25.5, 'calls'],
    );
    deepEqual(api.asked.at(-1), { id: RECORD.id, workload: '', service: '', reason: '' });
    const { status, body } = await api.rest('GET', `/v1/refusals/${RECORD.id}`);
    deepEqual([status, body.refusal.command], [200, 'capmesh token request checkout --int 0.63']);
    deepEqual([body.refusal.record.node, body.refusal.record.at], ['node-1', '2027-01-15T08:00:00.000Z']);
  });

  it('says what nobody knows, what is too old, and what Envoy made by itself', async () => {
    const problemOf = async (id: string) => {
      const { status, body } = await api.rest('GET', `/v1/refusals/${id}`);
      equal(status, 404);
      return body.problems[0].message as string;
    };
    api.refusals = [{}, {}];
    match(await problemOf('0123abcd-9'), /^none of the 2 sidecars that answered knows 0123abcd-9/);
    api.refusals = [{}, { forgotten: true, keptMax: 4096 }];
    equal(await problemOf('0123abcd-1'), '0123abcd-1 is too old: its sidecar remembers its latest 4096 refusals');
    match(await problemOf('0a1b2c3d-0000-4000-8000-000000000000'), /was given by Envoy, which remembers nothing of it/);
  });

  it('takes the newest of all nodes for an edge and a reason, else explains what Envoy did', async () => {
    const at = (seconds: number) => ({ seconds, nanos: 0 });
    const refusal = (node: string, seconds: number) => ({ record: { ...RECORD, node, at: at(seconds) } });
    api.refusals = [refusal('node-1', 5), refusal('node-2', 9), refusal('node-3', 7)];
    const newest = await api.rest('GET', '/v1/refusals/checkout/payment/budget-exhausted');
    equal(newest.body.refusal.record.node, 'node-2');
    deepEqual(api.asked.at(-1), { id: '', workload: 'checkout', service: 'payment', reason: 'budget-exhausted' });
    api.refusals = [{}];
    const breaker = await api.rest('GET', '/v1/refusals/checkout/payment/breaker-open');
    equal(breaker.status, 200);
    equal(breaker.body.refusal.record, undefined);
    match(breaker.body.refusal.sentence, /in flight to payment on each node/);
  });

  it('measures the age of a token at the time of the refusal', async () => {
    api.refusals = [
      { record: { ...RECORD, reason: 'token-expired', workload: '~unverified', bucket: undefined, token: TOKEN } },
    ];
    const { body } = await api.rest('GET', '/v1/refusals/~unverified/payment/token-expired');
    match(body.refusal.sentence, /^the token of checkout ended 10 s before the call/);
  });

  it('names what is missing or wrong in a question', async () => {
    await rejects(grpcCall(api.admin, api.admin.explain, ExplainRequest.fromPartial({ reason: 'breaker-open' })), {
      details: /workload.*service/s,
    });
    const odd = await api.rest('GET', '/v1/refusals/checkout/payment/bad-luck');
    equal(odd.status, 400);
    match(odd.body.problems[0].message, /^must be one of token-missing, .*internal$/);
    equal((await api.rest('GET', '/v1/refusals/0123abcd-7', { token: 'nobody' })).status, 401);
  });
});
