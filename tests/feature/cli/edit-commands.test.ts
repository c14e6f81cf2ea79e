import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { type CliFixture, grpcError, startCliFixture } from '../../support/cli-fixture.ts';
import { claimsOfA, ISSUED_AT, makeKey, signToken } from '../../support/test-tokens.ts';

const BUDGET = { workload: 'checkout', service: 'payment', vector: { cInt: 0.3, cPtr: 0.75 }, rps: 120, revision: 12 };
const settled = (revision: number): object => ({
  lastEdit: { revision, nodesApplied: 1, nodesTotal: 1, p50Ms: 2, p99Ms: 3.5, nacks: [] },
});

describe('capmesh: commands that change something', () => {
  let cli: CliFixture;

  beforeEach(async () => {
    cli = await startCliFixture();
  });

  afterEach(() => cli.stop());

  const requestsOf = (method: string): unknown[] =>
    cli.requests.filter((entry) => entry.method === method).map(({ request }) => request);

  it('budget set merges the axes given and waits until the nodes have them', async () => {
    let asked = 0;
    cli.answers.getMesh = () => ({ name: 'shop', budgets: [BUDGET] });
    cli.answers.setBudget = () => ({ applied: true, budget: BUDGET });
    cli.answers.getStatus = () => {
      asked += 1;
      return settled(asked < 3 ? 11 : 12);
    };
    const { code, out } = await cli.run(
      'budget',
      'set',
      'checkout',
      'payment',
      '--rps',
      '120',
      '--expected-revision',
      '11',
    );
    assert.equal(code, 0);
    assert.match(out, /checkout +payment +– +0\.3 +– +0\.75 +– +120 +– +12\napplied 1\/1 nodes, p99 4 ms$/);
    assert.equal(asked, 3);
    const [request] = requestsOf('setBudget') as [
      { merge: boolean; expectedRevision: number; budget: { rps: number } },
    ];
    assert.deepEqual([request.merge, request.expectedRevision, request.budget.rps], [true, 11, 120]);
  });

  it('budget set is based on the budget that is stored when it starts', async () => {
    cli.answers.getMesh = () => ({ name: 'shop', budgets: [BUDGET] });
    cli.answers.setBudget = () => ({ applied: true, budget: BUDGET });
    await cli.run('budget', 'set', 'checkout', 'payment', '--int', '0.2', '--no-wait');
    const [request] = requestsOf('setBudget') as [{ merge: boolean; expectedRevision: number }];
    assert.deepEqual([request.merge, request.expectedRevision], [true, BUDGET.revision]);
  });

  it('budget set --ptr none keeps the other axes and takes this one away', async () => {
    cli.answers.getMesh = () => ({ name: 'shop', budgets: [BUDGET] });
    cli.answers.setBudget = () => ({ applied: true, budget: BUDGET });
    await cli.run('budget', 'set', 'checkout', 'payment', '--ptr', 'none', '--no-wait');
    const [request] = requestsOf('setBudget') as [
      { merge: boolean; expectedRevision: number; budget: { vector: Record<string, number> } },
    ];
    assert.equal(request.merge, false);
    assert.equal(request.expectedRevision, 12);
    assert.deepEqual([request.budget.vector.cInt, request.budget.vector.cPtr], [0.3, undefined]);
  });

  it('budget set tells every mistake and the conflict', async () => {
    cli.answers.getMesh = () => ({ name: 'shop', budgets: [] });
    cli.answers.setBudget = () => ({
      applied: false,
      problems: [{ path: 'budgets.checkout.payment.rps', message: 'needs a capacity' }],
      conflict: { path: 'budgets.checkout.payment', expectedRevision: 3, actualRevision: 12 },
    });
    const { code, err } = await cli.run('budget', 'set', 'checkout', 'payment', '--rps', '9');
    assert.equal(code, 1);
    assert.match(err, /error: budgets\.checkout\.payment\.rps: needs a capacity/);
    assert.match(err, /conflict: budgets\.checkout\.payment is at revision 12, this edit was based on 3/);
  });

  it('budget set without an axis is a wrong command line', async () => {
    assert.equal((await cli.run('budget', 'set', 'checkout', 'payment')).code, 2);
  });

  it('budget list, get and delete', async () => {
    cli.answers.getMesh = () => ({ name: 'shop', budgets: [BUDGET] });
    cli.answers.deleteBudget = () => ({ deleted: true });
    assert.match((await cli.run('budget', 'list')).out, /^WORKLOAD .*\ncheckout +payment/);
    assert.equal(JSON.parse((await cli.run('budget', 'get', 'checkout', 'payment', '--json')).out).rps, 120);
    assert.equal((await cli.run('budget', 'get', 'batch', 'payment')).code, 1);
    assert.equal((await cli.run('budget', 'delete', 'checkout', 'payment')).out, 'deleted: checkout → payment');
  });

  it('init writes a mesh file, applies it and keeps the secrets to their owner', async () => {
    cli.answers.apply = () => ({ applied: true, changed: ['services.payment'], revision: 5, unenrolled: ['checkout'] });
    cli.answers.enrol = () => ({ secret: 'only-once' });
    cli.answers.getStatus = () => settled(5);
    const { code, out } = await cli.run('init');
    assert.equal(code, 0);
    assert.match(
      out,
      /^wrote mesh\.yaml\nchanged services\.payment\nenrolled checkout: .*\napplied 1\/1 nodes, p99 4 ms$/,
    );
    const file = cli.state.credentialFile('checkout');
    assert.equal(readFileSync(file, 'utf8'), 'only-once\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(out.includes('only-once'), false);
    const [{ mesh }] = requestsOf('apply') as [{ mesh: { name: string; budgets: unknown[] } }];
    assert.deepEqual([mesh.name, mesh.budgets.length], ['shop', 4]);
  });

  it('init leaves a mesh file as it is', async () => {
    writeFileSync(join(cli.folder, 'mesh.yaml'), 'mesh: mine\n');
    cli.answers.apply = () => ({ applied: true, revision: 5 });
    cli.answers.getStatus = () => settled(5);
    assert.match((await cli.run('init')).out, /^mesh\.yaml exists, it stays as it is/);
    assert.equal(readFileSync(join(cli.folder, 'mesh.yaml'), 'utf8'), 'mesh: mine\n');
  });

  it('init without a mesh writes the file and says what is next', async () => {
    const { code, out } = await cli.run('init', '--state-dir', 'elsewhere');
    assert.equal(code, 0);
    assert.match(out, /wrote mesh\.yaml\nno mesh is running: start one with "capmesh up"/);
  });

  it('apply tells every mistake of a file with its line, and sends nothing', async () => {
    writeFileSync(join(cli.folder, 'm.yaml'), 'mesh: shop\nservices:\n  payment: { endpoints: [], colour: red }\n');
    const { code, err } = await cli.run('apply', '-f', 'm.yaml');
    assert.equal(code, 2);
    assert.match(err, /m\.yaml:3:25: services\.payment\.endpoints: /);
    assert.match(err, /m\.yaml:3:37: services\.payment\.colour: /);
    assert.deepEqual(cli.requests, []);
  });

  it('apply tells what the control plane refuses, and who is not enrolled', async () => {
    writeFileSync(join(cli.folder, 'm.yaml'), 'mesh: shop\n');
    cli.answers.apply = () => ({ problems: [{ path: 'mesh', message: 'is another mesh' }] });
    const refused = await cli.run('apply', '-f', 'm.yaml');
    assert.deepEqual([refused.code, refused.err], [1, 'capmesh: error: mesh: is another mesh\n  Nothing was changed.']);
    cli.answers.apply = () => ({ applied: true, revision: 3, changed: ['workloads.batch'], unenrolled: ['batch'] });
    const { out } = await cli.run('apply', '-f', 'm.yaml', '--no-wait');
    assert.equal(out, 'changed workloads.batch\nbatch has no enrolment secret yet: capmesh enrol batch');
  });

  it('token revoke takes the token on stdin or its jti, and no token on the command line', async () => {
    cli.answers.revokeToken = () => ({ workload: 'checkout', expiresAt: { seconds: ISSUED_AT, nanos: 0 } });
    const token = signToken(makeKey('k1'), claimsOfA);
    cli.input = token;
    for (const each of ['-', 'grant-a']) {
      const { code, out } = await cli.run('token', 'revoke', each);
      assert.deepEqual(
        [code, out],
        [0, 'revoked grant-a of checkout, which would have ended 2027-01-15T08:00:00.000Z'],
      );
      assert.deepEqual(cli.requests.at(-1)?.request, { grantId: 'grant-a' });
    }
    const json = await cli.run('token', 'revoke', 'grant-a', '--json');
    assert.equal(JSON.parse(json.out).workload, 'checkout');
    const open = await cli.run('token', 'revoke', token);
    assert.deepEqual([open.code, /no command line holds a token/.test(open.err)], [2, true]);
    cli.input = 'a.b.c';
    const garbage = await cli.run('token', 'revoke', '-');
    assert.deepEqual([garbage.code, /not a capacity token/.test(garbage.err)], [2, true]);
    cli.answers.revokeToken = () => grpcError(status.NOT_FOUND, 'no account holds a live grant x');
    assert.equal((await cli.run('token', 'revoke', 'x')).code, 1);
  });

  it('revoke says from which generation on', async () => {
    cli.answers.revokeWorkload = () => ({ generation: 3 });
    assert.match((await cli.run('revoke', 'checkout')).out, /up to generation 2 is refused/);
  });
});
