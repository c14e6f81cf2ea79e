import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { writePrivate } from '../../../platform/write-private.ts';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';

describe('capmesh call and capmesh token', () => {
  let cli: CliFixture;
  let issued: number;

  beforeEach(async () => {
    cli = await startCliFixture();
    issued = 0;
    writePrivate(cli.state.credentialFile('checkout'), 'secret-of-checkout\n');
    cli.answers.requestCapacity = () => {
      issued += 1;
      const expiresAt = { seconds: 4_000_000_000, nanos: 0 };
      return { admitted: true, capacityToken: `token-${issued}`, expiresAt, grantId: `g${issued}`, conditional: true };
    };
  });

  afterEach(() => cli.stop());

  it('calls the service by Host with a token, which it keeps for the next call', async () => {
    const seen: unknown[] = [];
    await cli.envoy((request, response) => {
      seen.push([request.url, request.headers.host, request.headers['x-capacity-token']]);
      response.end('hello\n');
    });
    const { code, out } = await cli.run('call', 'checkout', 'payment', '/a?b=1');
    assert.equal(code, 0);
    assert.match(out, /^200 from payment in \d+\.\d ms\nhello$/);
    await cli.run('call', 'checkout', 'payment');
    assert.deepEqual(seen, [
      ['/a?b=1', 'payment', 'token-1'],
      ['/', 'payment', 'token-1'],
    ]);
    assert.equal(cli.requests[0]?.authorization, 'Bearer secret-of-checkout');
    assert.equal(statSync(cli.state.tokenFile('checkout')).mode & 0o777, 0o600);
  });

  it('fetches a new token once when the one it kept is refused', async () => {
    await cli.envoy((request, response) => {
      response.statusCode = request.headers['x-capacity-token'] === 'token-2' ? 200 : 401;
      response.end();
    });
    assert.equal((await cli.run('call', 'checkout', 'payment')).code, 0);
    assert.equal(issued, 2);
  });

  it('says why a call was refused, and exits with 1', async () => {
    await cli.envoy((_request, response) => {
      response.writeHead(429, { 'x-capacity-denied': 'budget-exhausted', 'retry-after': '1' });
      const message = 'the budget is spent';
      response.end(
        JSON.stringify({
          reason: 'budget-exhausted',
          message,
          edge: 'checkout/payment',
          remaining: 0,
          retryAfterMs: 12,
        }),
      );
    });
    const { code, out } = await cli.run('call', 'checkout', 'payment');
    assert.equal(code, 1);
    assert.equal(
      out,
      '429 refused: budget-exhausted – the budget is spent\nedge checkout/payment, 0 left, try again in 12 ms\n' +
        'why: capmesh explain --reason budget-exhausted checkout/payment',
    );
  });

  it('names the command that explains a refusal, by its id where a sidecar gave it', async () => {
    const refuseAs = (id: string) =>
      cli.envoy((_request, response) => {
        response.writeHead(503, { 'x-capacity-denied': 'breaker-open' });
        response.end(JSON.stringify({ reason: 'breaker-open', edge: 'checkout/payment', id }));
      });
    await refuseAs('0123abcd-1z');
    assert.match((await cli.run('call', 'checkout', 'payment')).out, /\nwhy: capmesh explain 0123abcd-1z$/);
    await refuseAs('0a1b2c3d-0000-4000-8000-000000000000');
    assert.match(
      (await cli.run('call', 'checkout', 'payment')).out,
      /\nwhy: capmesh explain --reason breaker-open checkout\/payment$/,
    );
  });

  it("shows a service's own error as its answer", async () => {
    await cli.envoy((_request, response) => {
      response.writeHead(500).end('broken');
    });
    const { code, out } = await cli.run('call', 'checkout', 'payment');
    assert.equal(code, 1);
    assert.match(out, /^500 from payment in .*\nbroken$/);
  });

  it('exits with 3 when no Envoy answers, with 4 for a workload that is not enrolled here', async () => {
    const away = await cli.run('call', 'checkout', 'payment', '--envoy', '127.0.0.1:1');
    assert.equal(away.code, 3);
    assert.match(away.err, /Envoy at 127\.0\.0\.1:1: .*ECONNREFUSED/);
    const stranger = await cli.run('call', 'batch', 'payment');
    assert.equal(stranger.code, 4);
    assert.match(stranger.err, /capmesh enrol batch/);
  });

  it('token request prints the token alone on stdout', async () => {
    const { code, out, err } = await cli.run('token', 'request', 'checkout', '--int', '0.5', '--duration', '15m');
    assert.deepEqual([code, out], [0, 'token-1']);
    assert.match(err, /^grant g1, until 2096-10-02T07:06:40\.000Z, conditional: some gate cannot be judged yet$/);
    const request = cli.requests[0]?.request as { capacityVector: { cInt: number }; duration: { seconds: number } };
    assert.deepEqual([request.capacityVector.cInt, request.duration.seconds], [0.5, 900]);
  });

  it('token request tells which axis is exhausted and what is left', async () => {
    const available = { cInt: 0, cPtr: 0.5 };
    cli.answers.requestCapacity = () => ({
      admitted: false,
      message: 'over the budget',
      bindingAxes: ['int'],
      available,
    });
    const { code, out, err } = await cli.run('token', 'request', 'checkout', '--int', '0.1');
    assert.deepEqual([code, out], [1, '']);
    assert.equal(err, 'capmesh: not admitted: over the budget; exhausted: int; available: int 0, ptr 0.5');
  });

  it('token release gives a grant back', async () => {
    cli.answers.releaseCapacity = () => ({ released: true });
    assert.equal((await cli.run('token', 'release', 'checkout', 'g1')).out, 'released g1');
    assert.deepEqual(cli.requests[0]?.request, { workloadId: 'checkout', grantId: 'g1' });
  });
});
