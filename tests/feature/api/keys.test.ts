import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { after, before, describe, it } from 'mocha';
import { KEY_LEAD_MS } from '../../../control-plane/state/key-rotation.ts';
import { RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

describe('signing keys over both doors', () => {
  let api: ApiFixture;
  let secret = '';
  const token = async (): Promise<string> => {
    const request = RequestCapacityRequest.fromPartial({ workloadId: 'checkout' });
    return (await grpcCall(api.capacity, api.capacity.requestCapacity, request, secret)).capacityToken;
  };
  const jwks = () => api.rest('GET', '/.well-known/jwks.json', { token: null });

  before(async () => {
    api = await startApi();
    await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE });
    ({ secret } = await grpcCall(api.admin, api.admin.enrol, { workload: 'checkout' }));
  });
  after(() => api?.stop());

  it('publishes public keys alone, for everybody, not to be kept longer than half the lead', async () => {
    const answer = await jwks();
    const { kid } = api.keyRotation.current;
    deepEqual(
      answer.body.keys.map(({ x, ...rest }: { x: string }) => [x.length, rest]),
      [[43, { kty: 'OKP', crv: 'Ed25519', kid, alg: 'EdDSA', use: 'sig' }]],
    );
    equal(answer.headers.get('cache-control'), 'public, max-age=5, must-revalidate');
    match(answer.headers.get('content-type') ?? '', /^application\/jwk-set\+json/);
    const etag = answer.headers.get('etag') ?? '';
    equal((await api.rest('GET', '/.well-known/jwks.json', { headers: { 'if-none-match': etag } })).status, 304);
  });

  it('rotates: a common verifier takes tokens of both keys', async () => {
    const old = await token();
    const etag = (await jwks()).headers.get('etag');
    const { keys } = await grpcCall(api.admin, api.admin.rotateKey, {});
    deepEqual(
      keys.map(({ state, own }) => [state, own]),
      [
        ['signing', true],
        ['next', true],
      ],
    );
    api.clock.advance(KEY_LEAD_MS);
    await api.keyRotation.advance();
    const fresh = await token();
    const remote = createRemoteJWKSet(new URL(`${api.restUrl}/.well-known/jwks.json`));
    const kids = [];
    for (const each of [old, fresh]) {
      const verified = await jwtVerify(each, remote, { currentDate: new Date(api.clock.wallMs()) });
      kids.push(verified.protectedHeader.kid);
    }
    deepEqual(
      kids,
      keys.map(({ kid }) => kid),
    );
    equal((await jwks()).headers.get('etag') === etag, false);
    const listed = await api.rest('GET', '/v1/keys');
    deepEqual(
      listed.body.keys.map(({ state, endsAt }: { state: string; endsAt?: string }) => [state, endsAt]),
      [
        ['retiring', '2027-01-15T09:00:02.000Z'],
        ['signing', undefined],
      ],
    );
  });

  it('is for operators: listing and rotating', async () => {
    equal((await api.rest('POST', '/v1/keys/rotate', { token: secret })).status, 401);
    equal((await api.rest('GET', '/v1/keys', { token: null })).status, 401);
    await rejects(grpcCall(api.admin, api.admin.rotateKey, {}, secret), { code: status.UNAUTHENTICATED });
    equal((await api.rest('POST', '/v1/keys/rotate')).status, 200);
  });
});
