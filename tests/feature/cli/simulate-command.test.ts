import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';

const MESH = `mesh: shop
services: { payment: { endpoints: ["127.0.0.1:9101"], capacity: { rps: 200 } } }
workloads: { web: {}, batch: {} }
budgets: { web: { payment: { int: 0.5 } }, batch: { payment: { int: 0.5 } } }
`;
const SERVICE = ['--service', 'payment=4x20ms'];

describe('capmesh simulate', function () {
  this.timeout(60_000);
  let cli: CliFixture;

  before(async () => {
    cli = await startCliFixture();
    writeFileSync(join(cli.folder, 'mesh.yaml'), MESH);
  });
  after(() => cli.stop());

  const simulate = (...args: string[]) => cli.run('simulate', '-f', 'mesh.yaml', ...args);

  it('tells what the mesh would do at 70 % of what it guarantees, and asks nobody', async () => {
    const { code, out, err } = await simulate(...SERVICE, '--seconds', '120');
    assert.equal(code, 0, err);
    assert.match(out, /^shop: 120 s with Capmesh, 2 nodes, seed 1$/m);
    const [, good = ''] = /^payment +[\d.]+ +0 +([\d.]+) +0 % /m.exec(out) ?? [];
    assert.ok(Number(good) > 125 && Number(good) < 155, out);
    assert.match(out, /[?·]+·{20}$/m);
    assert.deepEqual(cli.requests, []);
  });

  it('shows a caller above its budget, with Capmesh and without', async () => {
    const greedy = [...SERVICE, '--load', 'batch/payment=400', '--seconds', '90'];
    const withIt = await simulate('--json', ...greedy);
    const { report } = JSON.parse(withIt.out);
    assert.ok(Math.abs(report.goodputRps / 170 - 1) < 0.05, `${report.goodputRps}/s good`);
    assert.ok(report.refusedRatio > 0.55, `${report.refusedRatio} refused`);
    assert.equal(report.allOpen, true);
    const without = await simulate(...greedy, '--without');
    assert.match(without.out, /^shop: 90 s without Capmesh/m);
    assert.match(without.out, / 0 % refused/);
    assert.match(without.out, /^ +\d+ s {2}payment fit FAIL/m);
    assert.match(without.out, /[f#]{20,}$/m);
  });

  it('tells the same story with the same seed, and another with another', async () => {
    const story = async (seed: string): Promise<string> =>
      (await simulate('--json', ...SERVICE, '--seconds', '20', '--seed', seed)).out;
    assert.equal(await story('7'), await story('7'));
    assert.notEqual(await story('7'), await story('8'));
  });

  it('names every mistake, in options and file, and exits with the usage code', async () => {
    const { code, err } = await simulate('--seconds', '0', '--load', 'web=1', '--load', 'web/mail=1');
    assert.equal(code, 2);
    assert.match(err, /--seconds 0: must be a whole number from 1 to 86400/);
    assert.match(err, /--load web=1: must be workload\/service=calls/);
    assert.match(err, /--load web\/mail=1: web has no budget for mail/);
  });
});
