import assert from 'node:assert/strict';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { systemClock } from '../../../platform/clock.ts';
import { writePrivate } from '../../../platform/write-private.ts';
import { type CliFixture, grpcError, startCliFixture } from '../../support/cli-fixture.ts';
import { claimsOfA, flipSignatureBit, makeKey, signToken, unsignedToken } from '../../support/test-tokens.ts';

describe('capmesh token and capmesh keys', () => {
  const key = makeKey('k1');
  let now = 0;
  let claims = claimsOfA;
  let token = '';
  let cli: CliFixture;
  const publishKeys = () =>
    cli.rest((request, response) => {
      response.statusCode = request.url === '/.well-known/jwks.json' ? 200 : 404;
      response.end(JSON.stringify({ keys: [key.jwk] }));
    });

  beforeEach(async () => {
    now = Math.floor(systemClock.wallMs() / 1000);
    claims = { ...claimsOfA, iat: now - 60, nbf: now - 60, exp: now + 3000 };
    token = signToken(key, claims);
    cli = await startCliFixture();
    writePrivate(cli.state.credentialFile('checkout'), 'secret-of-checkout\n');
  });
  afterEach(() => cli.stop());

  it('renew takes a token or its grant, prints the new token, and says why not', async () => {
    const answer = { admitted: true, capacityToken: 'fresh', grantId: 'g2', expiresAt: { seconds: now, nanos: 0 } };
    cli.answers.renewCapacity = () => answer;
    cli.input = `${token}\n`;
    for (const grant of ['-', 'grant-a']) {
      const { code, out, err } = await cli.run(
        'token',
        'renew',
        'checkout',
        grant,
        '--int',
        '0.7',
        '--duration',
        '90s',
      );
      assert.deepEqual([code, out, /^grant g2, until /.test(err)], [0, 'fresh', true]);
      const { request, authorization } = cli.requests.at(-1) as (typeof cli.requests)[number];
      assert.equal(authorization, 'Bearer secret-of-checkout');
      const { grantId, capacityVector, duration } = request as Record<string, unknown>;
      assert.deepEqual(
        [grantId, (capacityVector as { cInt: number }).cInt, duration],
        ['grant-a', 0.7, { seconds: 90, nanos: 0 }],
      );
    }
    await cli.run('token', 'renew', 'checkout', 'grant-a');
    assert.equal((cli.requests.at(-1) as { request: { capacityVector?: object } }).request.capacityVector, undefined);
    cli.answers.renewCapacity = () => ({ admitted: false, message: 'full', bindingAxes: ['int'] });
    const refused = await cli.run('token', 'renew', 'checkout', 'grant-a');
    assert.deepEqual([refused.code, /not admitted: full; exhausted: int/.test(refused.err)], [1, true]);
    cli.answers.renewCapacity = () => grpcError(status.NOT_FOUND, 'checkout has no live grant x');
    assert.equal((await cli.run('token', 'renew', 'checkout', 'x')).code, 1);
    assert.equal((await cli.run('token', 'renew', 'stranger', 'x')).code, 4);
  });

  it('inspect says in words what a token holds, and that nobody verified it', async () => {
    cli.input = `${token}\n`;
    const { code, out } = await cli.run('token', 'inspect');
    assert.equal(code, 0, out);
    assert.match(out, /^decoded only: anybody could have written this\n/);
    assert.match(out, /^workload {3}checkout \(tenant shop, priority 7\)$/m);
    assert.match(out, /^capacity {3}int 0\.5, ptr 0\.5$/m);
    assert.match(out, /^issued {5}\S+Z \(1 min.* ago\)$/m);
    assert.match(out, /^expires {4}\S+Z \(in (50 min|49 min 5\d s)\)$/m);
    assert.match(out, /^signature {2}not verified: no keys at /m);
  });

  it('inspect verifies with the keys of the mesh, and exits with 1 where the token is not good', async () => {
    await publishKeys();
    const inspect = (text: string, ...options: string[]) => {
      cli.input = text;
      return cli.run('token', 'inspect', '-', ...options);
    };
    const good = await inspect(token);
    assert.deepEqual([good.code, /^signature {2}good, by key k1$/m.test(good.out)], [0, true]);
    assert.doesNotMatch(good.out, /decoded only/);
    const forged = await inspect(flipSignatureBit(token), '--json');
    assert.deepEqual([forged.code, JSON.parse(forged.out).signature.state], [1, 'bad']);
    assert.match(forged.err, /not a good token: token-signature/);
    const old = await inspect(signToken(key, { ...claims, exp: now - 10 }), '--json');
    assert.deepEqual([old.code, JSON.parse(old.out).reason, JSON.parse(old.out).inForce], [1, 'token-expired', false]);
    const unreachable = await inspect(token, '--jwks', 'http://127.0.0.1:1/keys');
    assert.deepEqual([unreachable.code, /not verified: no keys at http:..127/.test(unreachable.out)], [0, true]);
  });

  it('inspect exits with 2 for what is no token of ours, and shows dates that no calendar has', async () => {
    for (const text of ['open sesame', 'a.b.c', unsignedToken(key, claims), signToken(key, { sub: 'checkout' })]) {
      cli.input = text;
      assert.equal((await cli.run('token', 'inspect')).code, 2, text);
    }
    cli.input = '';
    assert.equal((await cli.run('token', 'inspect')).code, 4);
    const file = join(cli.folder, 'token.txt');
    writePrivate(file, signToken(key, { ...claims, exp: Number.MAX_SAFE_INTEGER }));
    const { out } = await cli.run('token', 'inspect', file);
    assert.match(out, /^expires {4}9007199254740991 s after 1970 \(in /m);
  });

  it('keys list and rotate show each key and when the next one signs', async () => {
    const keys = [
      { kid: 'old', state: 'signing', own: true, signsFrom: { seconds: now - 100, nanos: 0 } },
      { kid: 'young', state: 'next', own: true, signsFrom: { seconds: now + 10, nanos: 0 } },
    ];
    cli.answers.listKeys = () => ({ keys });
    cli.answers.rotateKey = () => ({ keys });
    const listed = await cli.run('keys', 'list');
    assert.match(
      listed.out,
      /^key {4}state {4}signs from +good until {2}held here\nold +signing .*Z {2}– +yes\nyoung +next /,
    );
    const { out } = await cli.run('keys', 'rotate');
    assert.match(out, /^young signs in \d+(\.\d)? s\nkey /);
    cli.answers.rotateKey = () => grpcError(status.RESOURCE_EXHAUSTED, 'too many keys');
    const busy = await cli.run('keys', 'rotate');
    assert.deepEqual([busy.code, /too many keys/.test(busy.err)], [1, true]);
  });

  it('completion offers the new commands', async () => {
    const { out } = await cli.run('completion', 'bash');
    assert.match(out, /'token'\) words='request renew inspect release revoke /);
    assert.match(out, /'keys'\) words='list rotate /);
  });
});
