import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { type CliFixture, grpcError, startCliFixture } from '../../support/cli-fixture.ts';

const ALLOWED = { allowed: true, operationId: 'node-1/run-1/checkout/payment/7', edge: 'checkout/payment' };
const REFUSED = {
  allowed: false,
  reason: 'budget-exhausted',
  message: 'the budget is spent',
  edge: 'checkout/payment',
  refusalId: '0123abcd-9',
  retryAfter: { seconds: 0, nanos: 12_000_000 },
  remaining: 0,
};

describe('capmesh check', () => {
  let cli: CliFixture;

  beforeEach(async () => {
    cli = await startCliFixture();
    writeFileSync(join(cli.folder, 'checkout.token'), 'a.b.c\n');
    cli.answers.checkOperation = () => ALLOWED;
    cli.answers.settleOperation = () => ({ settled: true });
  });

  afterEach(() => cli.stop());

  it('asks with the token of a file, without any other credential', async () => {
    const run = await cli.run('check', '--token-file', 'checkout.token', 'payment', '--cpu', '5', '--memory', '64');
    assert.deepEqual(run, {
      code: 0,
      out: 'allowed on checkout/payment, open as node-1/run-1/checkout/payment/7',
      err: '',
    });
    const [asked] = cli.requests;
    assert.deepEqual([asked?.method, asked?.authorization], ['checkOperation', '']);
    assert.deepEqual(asked?.request, {
      token: 'a.b.c',
      operationType: 'payment',
      estimatedLoad: { cpu: 5, memoryMb: 64 },
      service: '',
      priority: undefined,
      attempt: 1,
    });
  });

  it('reads the token from stdin, and settles at once where it is told to', async () => {
    cli.input = 'x.y.z\n';
    const { code, out } = await cli.run('check', '--token-file', '-', '--settle', 'charge');
    assert.deepEqual([code, out], [0, 'allowed on checkout/payment, settled']);
    assert.deepEqual(
      cli.requests.map(({ method, request }) => [method, (request as { token: string }).token]),
      [
        ['checkOperation', 'x.y.z'],
        ['settleOperation', 'x.y.z'],
      ],
    );
    cli.answers.settleOperation = () => ({ settled: false });
    const late = await cli.run('check', '--token-file', '-', '--settle', 'charge');
    assert.deepEqual([late.code, late.out], [0, 'allowed on checkout/payment, not settled: it is not open any more']);
  });

  it('says why it is refused, settles nothing, and exits with 1', async () => {
    cli.answers.checkOperation = () => REFUSED;
    const { code, out, err } = await cli.run('check', '--token-file', 'checkout.token', '--settle', 'payment');
    assert.deepEqual(
      [code, out.split('\n'), err],
      [
        1,
        [
          'refused: budget-exhausted – the budget is spent',
          'edge checkout/payment, 0 left, try again in 12 ms',
          'why: capmesh explain 0123abcd-9',
        ],
        '',
      ],
    );
    assert.equal(cli.requests.length, 1);
  });

  it('answers in JSON', async () => {
    const allowed = await cli.run('--json', 'check', '--token-file', 'checkout.token', '--settle', 'payment');
    const { operationId, settled } = JSON.parse(allowed.out);
    assert.deepEqual([allowed.code, operationId, settled], [0, ALLOWED.operationId, true]);
    cli.answers.checkOperation = () => REFUSED;
    const refused = await cli.run('--json', 'check', '--token-file', 'checkout.token', 'payment');
    const answer = JSON.parse(refused.out);
    assert.deepEqual(
      [refused.code, answer.allowed, answer.reason, answer.retryAfter, answer.settled],
      [1, false, 'budget-exhausted', '0.012s', null],
    );
  });

  it('tells a missing token, a wrong command line and a silent mesh apart', async () => {
    const missing = await cli.run('check', '--token-file', 'none.token', 'payment');
    assert.deepEqual([missing.code, missing.err.split('\n')[0]], [4, 'capmesh: no capacity token in none.token']);
    const empty = await cli.run('check', '--token-file', '-', 'payment');
    assert.deepEqual([empty.code, empty.err.split('\n')[0]], [4, 'capmesh: no capacity token on stdin']);
    assert.equal((await cli.run('check', 'payment')).code, 2);
    assert.equal((await cli.run('check', '--token-file', '-', 'payment', '--cpu', 'much')).code, 2);
    assert.equal(cli.requests.length, 0);
    cli.answers.checkOperation = () => grpcError(status.UNAVAILABLE, 'no sidecar of the mesh is there');
    const silent = await cli.run('check', '--token-file', 'checkout.token', 'payment');
    assert.deepEqual([silent.code, silent.err], [3, 'capmesh: no sidecar of the mesh is there']);
  });
});
