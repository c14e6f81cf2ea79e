import { deepEqual, equal, match } from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { RenewCapacityRequest, RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const AGREED = { reached: true, applied: 2, needed: 2 };
const MISSING = { reached: false, applied: 1, needed: 2 };

describe('grants that wait for other replicas (CONTRACT §D, C_gauge)', () => {
  const secrets: Record<string, string> = {};
  let api: ApiFixture;

  const request = (workloadId: string, capacityVector: object) =>
    grpcCall(
      api.capacity,
      api.capacity.requestCapacity,
      RequestCapacityRequest.fromPartial({ workloadId, capacityVector }),
      secrets[workloadId] ?? '',
    );
  const grantsOf = (workload: string) => api.ledger.account(workload).grants.map(({ jti }) => jti);

  before(async () => {
    api = await startApi();
    equal((await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE })).status, 200);
    for (const workload of ['checkout', 'batch']) {
      secrets[workload] = (await grpcCall(api.admin, api.admin.enrol, { workload })).secret;
    }
  });
  beforeEach(() => {
    api.agreement = AGREED;
  });
  after(() => api?.stop());

  it('are answered when enough replicas have them', async () => {
    const answer = await request('checkout', { cInt: 0.25 });
    deepEqual([answer.admitted, answer.reason], [true, '']);
    deepEqual(grantsOf('checkout'), [answer.grantId]);
  });

  it('are undone when too few have them in time, and nothing of them is left but the event', async () => {
    const before = grantsOf('checkout');
    const predictions = api.noted.length;
    api.agreement = MISSING;
    const answer = await request('checkout', { cInt: 0.25 });
    deepEqual([answer.admitted, answer.reason, answer.capacityToken], [false, 'quorum-timeout', '']);
    match(answer.message, /^quorum-timeout: of 2 replicas .* 1 had it in time$/);
    deepEqual([answer.retryAfter?.seconds, answer.available?.cInt], [5, 0.25]);
    deepEqual(grantsOf('checkout'), before);
    deepEqual(api.ledger.account('checkout').revoked ?? [], []);
    equal(api.noted.length, predictions, 'nothing is predicted of what is not granted');
    match(api.ledger.account('checkout').events.at(-1)?.message ?? '', /^grant \S+ undone: quorum-timeout$/);
    const { body } = await api.rest('POST', '/v1/capacity', {
      body: { workloadId: 'checkout', capacityVector: { cInt: 0.25 } },
      token: secrets.checkout ?? '',
    });
    equal(body.reason, 'quorum-timeout');
    api.agreement = AGREED;
    equal((await request('checkout', { cInt: 0.75 })).admitted, true, 'its share is free again');
  });

  it('wait for nobody where C_gauge is set neither in a budget nor in the grant', async () => {
    api.agreement = MISSING;
    equal((await request('batch', { cInt: 0.1 })).admitted, true);
    equal((await request('batch', { cInt: 0.1, cGauge: 0 })).reason, 'quorum-timeout');
  });

  it('leave the grant that they would have replaced as it was, with its token', async () => {
    const [held] = grantsOf('checkout');
    const renew = (grantId: string) =>
      grpcCall(
        api.capacity,
        api.capacity.renewCapacity,
        RenewCapacityRequest.fromPartial({ workloadId: 'checkout', grantId }),
        secrets.checkout ?? '',
      );
    api.agreement = MISSING;
    const before = grantsOf('checkout').sort();
    equal((await renew(held ?? '')).reason, 'quorum-timeout');
    deepEqual(grantsOf('checkout').sort(), before);
    deepEqual([api.ledger.account('checkout').revoked, api.revoker.grants.size], [[], 0]);
    api.agreement = AGREED;
    equal((await renew(held ?? '')).admitted, true);
    equal(api.revoker.grants.has(held ?? ''), true);
  });
});
