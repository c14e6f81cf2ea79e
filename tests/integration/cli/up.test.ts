import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../platform/readiness.ts';
import { type Checkout, makeCheckout, meshPids, type Running } from '../../support/up-fixture.ts';

const capmesh = (args: string): string => `node dist/cli/main.js ${args}`;

describe('capmesh up with two nodes', function () {
  this.timeout(180_000);
  let checkout: Checkout;
  let up: Running;

  before(async () => {
    checkout = makeCheckout();
    up = await checkout.start(capmesh('up --example --nodes 2'), /^ready in /);
    const init = await checkout.run(capmesh('init'));
    assert.equal(init.code, 0, init.err);
  });

  after(async () => {
    await up?.stop();
    checkout.remove();
  });

  it('configures both nodes', async () => {
    const { out } = await checkout.run(capmesh('status'));
    assert.match(out, /^applied 2\/2 nodes, p99 \d+ ms$/m);
  });

  it('refuses a second mesh in the same state folder', async () => {
    const { code, err } = await checkout.run(capmesh('up'));
    assert.equal(code, 1);
    assert.match(err, /a mesh runs already in /);
  });

  it('keeps every credential to its owner, and none in an argument', () => {
    const folder = join(checkout.folder, '.capmesh');
    const secrets = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /admin\.token$|\.secret$|\.nkey$/.test(name),
    );
    assert.ok(secrets.length >= 6, secrets.join());
    for (const name of secrets) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    const values = secrets.map((name) => readFileSync(join(folder, name), 'utf8').trim());
    for (const pid of Object.values(meshPids(checkout))) {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      assert.deepEqual(
        values.filter((value) => args.includes(value)),
        [],
      );
    }
  });

  it('events tells what happened from the first event on', async () => {
    const { out } = await checkout.run(capmesh('events'));
    assert.match(out, /^\S+ {2}#1 {2}config {2}revision \d+: /);
    assert.match(out, /^\S+ {2}#\d+ {2}grant {2}(checkout|batch) {2}enrolled$/m);
  });

  it('checks and settles an operation by a token from stdin, at either node', async () => {
    await checkout.run(`${capmesh('token request checkout')} > checkout.token`);
    const check = `${capmesh('check --token-file - --settle payment')} < checkout.token`;
    const settled = async (): Promise<boolean> =>
      /^allowed on checkout\/payment, settled$/m.test((await checkout.run(check)).out);
    await until(settled, AbortSignal.timeout(30_000));
    assert.ok(await settled(), 'the next node in turn');
    const { code, err } = await checkout.run(`${capmesh('check --token-file - charge')} < checkout.token`);
    assert.deepEqual([code, /^capmesh: service: must be one of/m.test(err)], [1, true], err);
  });

  it('doctor finds nothing that fails', async () => {
    const { code, out } = await checkout.run(capmesh('doctor'));
    assert.equal(code, 0, out);
    assert.doesNotMatch(out, /^fail/m);
  });

  for (const name of ['node-1-envoy', 'node-1-ext-authz', 'control-plane', 'nats-server']) {
    it(`starts ${name} again after it was killed, and calls go through again`, async () => {
      process.kill(meshPids(checkout)[name] as number, 'SIGKILL');
      await up.line(new RegExp(`^${name} runs again`));
      const through = async (): Promise<boolean> => (await checkout.run(capmesh('call checkout payment /'))).code === 0;
      await until(through, AbortSignal.timeout(60_000));
    });
  }

  it('stops every process on ^C, and says so', async () => {
    const pids = Object.values(meshPids(checkout));
    assert.equal(pids.length, 6);
    assert.equal(await up.stop(), 0);
    assert.deepEqual(
      pids.filter((pid) => existsSync(`/proc/${pid}`)),
      [],
    );
    const stopped = up.lines.flatMap((line) => /^(\S+) stopped$/.exec(line)?.[1] ?? []);
    assert.deepEqual(stopped.slice(-2), ['control-plane', 'nats-server']);
  });
});
