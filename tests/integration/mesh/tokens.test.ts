import assert from 'node:assert/strict';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { type CountingService, startCountingService } from '../../support/counting-service.ts';
import { meshKey, partOf } from '../../support/mesh-key.ts';
import { makeKey, signToken, signWithPublicKeyAsSecret, type TestKey } from '../../support/test-tokens.ts';
import { requestToken, startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const HOUR_SEC = 3600;

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function flipSignatureBit(token: string): string {
  const [head, claims, signature] = token.split('.') as [string, string, string];
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return `${head}.${claims}.${bytes.toString('base64url')}`;
}

/** The token with other claims and the signature it had. */
function withClaims(token: string, change: object): string {
  const [head, , signature] = token.split('.');
  return `${head}.${base64url({ ...partOf(token, 1), ...change })}.${signature}`;
}

/** The token with another header and the signature it had. */
function withHead(token: string, change: object): string {
  const [, claims, signature] = token.split('.');
  return `${base64url({ ...partOf(token, 0), ...change })}.${claims}.${signature}`;
}

describe('tokens at a real Envoy', () => {
  let payment: CountingService;
  let topology: Topology;
  let token: string;
  let key: TestKey;

  const call = (headers: Record<string, string>, service = 'payment') =>
    callThroughEnvoy(topology.envoyUrls[0] as string, service, headers);
  const withToken = (value: string, service?: string) => call({ 'x-capacity-token': value }, service);

  /** The token with other claims, signed by the mesh. */
  const signed = (change: object) => ({ 'x-capacity-token': signToken(key, { ...partOf(token, 1), ...change }) });

  before(async () => {
    payment = await startCountingService();
    const endpoints = [`127.0.0.1:${payment.port}`];
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: { payment: { endpoints }, inventory: { endpoints } },
        workloads: { checkout: {}, batch: {} },
        budgets: { checkout: { payment: {} }, batch: { payment: {}, inventory: { int: 0 } } },
      },
    });
    token = await requestToken(topology, 'checkout');
    key = meshKey(topology, String(partOf(token, 0).kid));
  });

  after(async () => {
    await topology?.stop();
    await payment?.stop();
  });

  it('lets a valid token through, and the service never sees it', async () => {
    const before = payment.calls();
    const answer = await withToken(token);
    assert.deepEqual([answer.status, answer.denied], [200, null]);
    assert.equal(payment.calls(), before + 1);
    const headers = payment.headers.at(-1) ?? {};
    assert.equal(headers['x-capacity-token'], undefined);
    assert.ok(!JSON.stringify(headers).includes(token));
  });

  const bad: Record<string, readonly [() => Record<string, string>, string]> = {
    'no token': [() => ({}), 'token-missing'],
    'an empty token': [() => ({ 'x-capacity-token': '' }), 'token-missing'],
    'no JWT at all': [() => ({ 'x-capacity-token': 'open sesame' }), 'token-malformed'],
    'two parts': [() => ({ 'x-capacity-token': token.split('.').slice(0, 2).join('.') }), 'token-malformed'],
    'four parts': [() => ({ 'x-capacity-token': `${token}.x` }), 'token-malformed'],
    'a header without JSON': [
      () => ({ 'x-capacity-token': `e30x.${token.split('.').slice(1).join('.')}` }),
      'token-malformed',
    ],
    'the algorithm none': [() => ({ 'x-capacity-token': withHead(token, { alg: 'none' }) }), 'token-signature'],
    'another algorithm': [() => ({ 'x-capacity-token': withHead(token, { alg: 'HS256' }) }), 'token-signature'],
    'an HMAC keyed with our public key': [
      () => ({ 'x-capacity-token': signWithPublicKeyAsSecret(key, partOf(token, 1)) }),
      'token-signature',
    ],
    'a signature by another key of the same name': [
      () => ({ 'x-capacity-token': signToken(makeKey(key.kid), partOf(token, 1)) }),
      'token-signature',
    ],
    'the mesh’s own signature under another audience': [() => signed({ aud: 'another-mesh' }), 'token-audience'],
    'the mesh’s own signature on a token for later': [
      () => signed({ nbf: Number(partOf(token, 1).iat) + HOUR_SEC }),
      'token-not-yet-valid',
    ],
    'an unknown key': [() => ({ 'x-capacity-token': withHead(token, { kid: 'nobody' }) }), 'token-signature'],
    'one bit of the signature flipped': [() => ({ 'x-capacity-token': flipSignatureBit(token) }), 'token-signature'],
    'another workload written in': [
      () => ({ 'x-capacity-token': withClaims(token, { sub: 'batch' }) }),
      'token-signature',
    ],
    'a longer life written in': [
      () => ({ 'x-capacity-token': withClaims(token, { exp: 4102444800 }) }),
      'token-signature',
    ],
  };

  for (const [name, [headers, reason]] of Object.entries(bad)) {
    it(`refuses ${name}: 401 ${reason}`, async () => {
      const before = payment.calls();
      const answer = await call(headers());
      assert.deepEqual([answer.status, answer.denied], [401, reason]);
      assert.equal(JSON.parse(answer.body).reason, reason);
      assert.equal(payment.calls(), before);
    });
  }

  it('lets through what the mesh’s own key signs anew', async () => {
    assert.equal((await call(signed({ jti: 'signed-by-the-test' }))).status, 200);
  });

  it('refuses a valid token where its workload has no budget: 403 edge-not-entitled', async () => {
    const answer = await withToken(token, 'inventory');
    assert.deepEqual([answer.status, answer.denied], [403, 'edge-not-entitled']);
    const batch = await requestToken(topology, 'batch');
    const atZero = await withToken(batch, 'inventory');
    assert.deepEqual([atZero.status, atZero.denied], [403, 'edge-not-entitled']);
  });

  it('refuses a token once its life is over: 401 token-expired', async () => {
    const brief = await requestToken(topology, 'checkout', 1);
    assert.equal((await withToken(brief)).status, 200);
    const refused = await waitFor('the token to expire', async () => {
      const answer = await withToken(brief);
      return answer.status !== 200 && answer;
    });
    assert.deepEqual([refused.status, refused.denied], [401, 'token-expired']);
  });

  it('refuses every token of a workload that was revoked, and takes a new one', async () => {
    const old = await requestToken(topology, 'batch');
    assert.equal((await withToken(old)).status, 200);
    await topology.admin.revokeWorkload('batch');
    const refused = await waitFor('the revocation at the sidecar', async () => {
      const answer = await withToken(old);
      return answer.status !== 200 && answer;
    });
    assert.deepEqual([refused.status, refused.denied], [401, 'token-revoked']);
    assert.equal((await withToken(await requestToken(topology, 'batch'))).status, 200);
    assert.equal((await withToken(token)).status, 200);
  });

  it('changes the signing key without a call being refused', async () => {
    const kidOf = (value: string): unknown => partOf(value, 0).kid;
    await topology.admin.rotateKey();
    const answers: (string | null)[] = [];
    const fresh = await waitFor('the next key to sign', async () => {
      const latest = await requestToken(topology, 'checkout');
      for (const each of [token, latest]) answers.push((await withToken(each)).denied);
      return kidOf(latest) !== kidOf(token) && latest;
    });
    assert.deepEqual([...new Set(answers)], [null], `${answers.length} calls`);
    assert.deepEqual([(await withToken(fresh)).status, (await withToken(token)).status], [200, 200]);
  });
});
