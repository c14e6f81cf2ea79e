import { deepEqual, equal, match, notEqual, rejects } from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { after, before, describe, it } from 'mocha';
import { ACCOUNT_EVENTS_MAX } from '../../../control-plane/state/account.ts';
import { RenewCapacityRequest, RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const HALF = { cInt: 0.5, cPtr: 0.5 };
const ask = (workloadId: string, capacityVector?: object) =>
  RequestCapacityRequest.fromPartial({ workloadId, ...(capacityVector && { capacityVector }) });

describe('capacity over both doors (CONTRACT §I, grants)', () => {
  let api: ApiFixture;
  let secret = '';
  let batchSecret = '';
  before(async () => {
    api = await startApi();
    equal((await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE })).status, 200);
  });
  after(() => api?.stop());

  it('enrols once per secret: 256 bits, stored hashed', async () => {
    ({ secret } = await grpcCall(api.admin, api.admin.enrol, { workload: 'checkout' }));
    equal(Buffer.from(secret, 'base64url').length, 32);
    match(api.ledger.account('checkout').enrolmentHash ?? '', /^[0-9a-f]{64}$/);
    equal(JSON.stringify([...api.ledger.accounts]).includes(secret), false);
    await rejects(grpcCall(api.admin, api.admin.enrol, { workload: 'ghost' }), { code: status.NOT_FOUND });
  });

  it('a name alone is nothing: no secret, the secret of another, a made-up workload', async () => {
    batchSecret = (await api.rest('POST', '/v1/workloads/batch/enrol')).body.secret;
    for (const token of [null, 'guess', batchSecret]) {
      await rejects(grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout'), token), {
        code: status.UNAUTHENTICATED,
      });
      const rest = await api.rest('POST', '/v1/capacity', { body: { workloadId: 'checkout' }, token });
      deepEqual([rest.status, rest.headers.has('www-authenticate')], [401, true]);
    }
    await rejects(grpcCall(api.capacity, api.capacity.requestCapacity, ask('ghost'), secret), {
      code: status.UNAUTHENTICATED,
    });
    await rejects(grpcCall(api.capacity, api.capacity.requestCapacity, ask(''), ''), { code: status.UNAUTHENTICATED });
  });

  it('two halves fit, a tenth more does not: binding axis int, nothing available', async () => {
    const first = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout', HALF), secret);
    equal(first.admitted, true);
    deepEqual(decodeProtectedHeader(first.capacityToken), {
      alg: 'EdDSA',
      typ: 'capmesh+jwt',
      kid: api.keyRotation.current.kid,
    });
    deepEqual(decodeJwt(first.capacityToken), {
      iss: 'capmesh',
      aud: 'shop',
      sub: 'checkout',
      tenant: 'shop',
      prio: 7,
      gen: 1,
      jti: first.grantId,
      iat: 1_800_000_000,
      nbf: 1_800_000_000,
      exp: 1_800_003_600,
      cap: { int: 0.5, ptr: 0.5 },
    });
    const second = await api.rest('POST', '/v1/capacity', {
      body: { workloadId: 'checkout', capacityVector: HALF, duration: '60s' },
      token: secret,
    });
    deepEqual([second.body.admitted, second.body.expiresAt], [true, '2027-01-15T08:01:00.000Z']);
    const third = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout', { cInt: 0.1 }), secret);
    equal(third.admitted, false);
    deepEqual(third.bindingAxes, ['int']);
    equal(third.available?.cInt, 0);
    deepEqual(third.retryAfter, { seconds: 60, nanos: 0 });
  });

  it('a grant that expires or is released makes room; the released one is revoked', async () => {
    api.clock.advance(60_000);
    const again = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout', { cInt: 0.5 }), secret);
    equal(again.admitted, true);
    const released = await api.rest('DELETE', `/v1/capacity/checkout/${again.grantId}`, { token: secret });
    equal(released.body.released, true);
    deepEqual([...api.revoker.grants.keys()], [again.grantId]);
    const twice = await grpcCall(
      api.capacity,
      api.capacity.releaseCapacity,
      { workloadId: 'checkout', grantId: again.grantId },
      secret,
    );
    equal(twice.released, false);
  });

  it('an operator revokes one token: its sidecars are told until when, its capacity is free, others go on', async () => {
    const kept = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('batch', HALF), batchSecret);
    const taken = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('batch', HALF), batchSecret);
    const full = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('batch', HALF), batchSecret);
    equal(full.admitted, false);
    const revoked = await grpcCall(api.admin, api.admin.revokeToken, { grantId: taken.grantId });
    deepEqual(revoked, { workload: 'batch', expiresAt: taken.expiresAt });
    equal(api.revoker.grants.get(taken.grantId), 1000 * (taken.expiresAt?.seconds ?? 0));
    equal(api.revoker.grants.has(kept.grantId), false);
    const again = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('batch', HALF), batchSecret);
    equal(again.admitted, true);
    const overRest = await api.rest('POST', `/v1/tokens/${again.grantId}/revoke`);
    deepEqual([overRest.status, overRest.body.workload], [200, 'batch']);
    match(api.ledger.account('batch').events.at(-1)?.message ?? '', new RegExp(`grant ${again.grantId} revoked`));
    await rejects(grpcCall(api.admin, api.admin.revokeToken, { grantId: taken.grantId }), { code: status.NOT_FOUND });
    await rejects(grpcCall(api.admin, api.admin.revokeToken, { grantId: 'two words' }), {
      code: status.INVALID_ARGUMENT,
    });
    equal((await api.rest('POST', '/v1/tokens/x/revoke', { token: batchSecret })).status, 401);
  });

  it('renews a grant in the place of the old one: never counted twice, the old token refused, whatever the door', async () => {
    await grpcCall(api.admin, api.admin.revokeWorkload, { workload: 'batch' });
    const first = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('batch', { cInt: 0.8 }), batchSecret);
    const renew = (grantId: string, more: object = {}) =>
      grpcCall(
        api.capacity,
        api.capacity.renewCapacity,
        RenewCapacityRequest.fromPartial({ workloadId: 'batch', grantId, ...more }),
        batchSecret,
      );
    const held = () => api.ledger.account('batch').grants.map(({ jti, vector }) => [jti, vector.int]);
    api.clock.advance(60_000);
    const second = await renew(first.grantId);
    deepEqual([second.admitted, held()], [true, [[second.grantId, 0.8]]]);
    equal(decodeJwt(second.capacityToken).exp, Number(decodeJwt(first.capacityToken).exp) + 60);
    equal(api.revoker.grants.get(first.grantId), 1000 * Number(decodeJwt(first.capacityToken).exp));
    const more = await renew(second.grantId, { capacityVector: { cInt: 0.9 }, duration: { seconds: 60, nanos: 0 } });
    deepEqual([more.admitted, held()], [true, [[more.grantId, 0.9]]]);
    const other = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('batch', { cInt: 0.1 }), batchSecret);
    const tooMuch = await renew(more.grantId, { capacityVector: { cInt: 1 } });
    deepEqual([tooMuch.admitted, tooMuch.bindingAxes, tooMuch.available?.cInt], [false, ['int'], 0.9]);
    deepEqual(held(), [
      [more.grantId, 0.9],
      [other.grantId, 0.1],
    ]);
    equal(api.revoker.grants.has(more.grantId), false, 'a renewal that is refused leaves the grant as it is');
    await rejects(renew(first.grantId), { code: status.NOT_FOUND });
    const path = `/v1/capacity/batch/${more.grantId}/renew`;
    equal((await api.rest('POST', path, { token: secret })).status, 401);
    equal((await api.rest('POST', path, { token: batchSecret, body: { duration: '2h' } })).status, 400);
    const overRest = await api.rest('POST', path, { token: batchSecret });
    deepEqual([overRest.body.admitted, overRest.body.grantId === more.grantId], [true, false]);
  });

  it('bounds what one workload may give back, so that it cannot crowd out the revocations of others', async () => {
    const account = api.ledger.account('batch');
    const expiresAtMs = api.clock.wallMs() + 1000;
    const revoked = Array.from({ length: 1000 }, (_, each) => ({ jti: `j${each}`, expiresAtMs }));
    api.ledger.accounts.set('batch', { ...account, revoked });
    const grantId = account.grants[0]?.jti ?? '';
    for (const [method, path] of [
      ['DELETE', `/v1/capacity/batch/${grantId}`],
      ['POST', `/v1/capacity/batch/${grantId}/renew`],
    ] as const) {
      equal((await api.rest(method, path, { token: batchSecret })).status, 429, method);
    }
    equal((await api.rest('POST', `/v1/tokens/${grantId}/revoke`)).status, 200, 'an operator always may');
    api.clock.advance(1000);
    const next = api.ledger.account('batch').grants[0]?.jti ?? '';
    equal((await api.rest('DELETE', `/v1/capacity/batch/${next}`, { token: batchSecret })).body.released, true);
    equal(api.ledger.account('batch').revoked?.length, 2);
  });

  it('checks the request: duration and vector', async () => {
    for (const body of [
      { workloadId: 'checkout', duration: '0.5s' },
      { workloadId: 'checkout', duration: '2h' },
      { workloadId: 'checkout', capacityVector: { cInt: 1.1 } },
      { workloadId: 'checkout', capacity: {} },
    ]) {
      const answer = await api.rest('POST', '/v1/capacity', { body, token: secret });
      equal(answer.status, 400, JSON.stringify(body));
      equal(answer.body.problems.length, 1);
    }
  });

  it('a revocation moves the generation; a new secret voids the old one', async () => {
    const { generation } = await grpcCall(api.admin, api.admin.revokeWorkload, { workload: 'checkout' });
    deepEqual([generation, api.revoker.generations.get('checkout')], [2, 2]);
    const fresh = await grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout', { cInt: 1 }), secret);
    equal(decodeJwt(fresh.capacityToken).gen, 2);
    const next = await grpcCall(api.admin, api.admin.enrol, { workload: 'checkout' });
    notEqual(next.secret, secret);
    await rejects(grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout'), secret), {
      code: status.UNAUTHENTICATED,
    });
  });

  it('gives no grant while too many events of the account have still to be told, and takes back all the same', async () => {
    const events = Array.from({ length: ACCOUNT_EVENTS_MAX }, (_, index) => ({
      number: index + 1,
      message: '',
      wallMs: 0,
    }));
    const own = await grpcCall(api.admin, api.admin.enrol, { workload: 'checkout' });
    api.ledger.accounts.set('checkout', { ...api.ledger.account('checkout'), events, eventCount: events.length });
    await rejects(grpcCall(api.capacity, api.capacity.requestCapacity, ask('checkout'), own.secret), {
      code: status.RESOURCE_EXHAUSTED,
    });
    const { generation } = await grpcCall(api.admin, api.admin.revokeWorkload, { workload: 'checkout' });
    const account = api.ledger.account('checkout');
    deepEqual([account.generation, account.eventCount], [generation, ACCOUNT_EVENTS_MAX + 1]);
    equal(account.events.length, ACCOUNT_EVENTS_MAX + 1);
  });

  it('streams events from a sequence on, as server-sent events', async () => {
    for (const sequence of [1, 2, 3]) {
      api.events.push(
        CapacityEvent.fromPartial({ workloadId: 'checkout', kind: 'grant', message: `m${sequence}`, sequence }),
      );
    }
    const answer = await api.rest('GET', '/v1/events', { headers: { 'last-event-id': '1' } });
    deepEqual(
      [...answer.body.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id),
      ['1', '2', '3'],
      'the first one says where the stream begins',
    );
    equal((await api.rest('GET', '/v1/events?gate=wrong')).status, 400);
    equal((await api.rest('GET', '/v1/events', { token: null })).status, 401);
  });

  it('answers health without a credential and unknown paths with 404', async () => {
    equal((await api.rest('GET', '/healthz', { token: null })).status, 200);
    equal((await api.rest('GET', '/readyz', { token: null })).status, 200);
    equal((await api.rest('GET', '/metrics', { token: null })).status, 200);
    equal((await api.rest('GET', '/v1/nothing')).status, 404);
  });
});
