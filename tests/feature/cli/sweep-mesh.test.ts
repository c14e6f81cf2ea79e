import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SweptPoint } from '../../../core/sweep/sweep-plane.ts';
import { ChildProgram } from '../../../demo/child-program.ts';
import { programPath } from '../../../demo/program-path.ts';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';
import { until } from '../../support/until.ts';

/** Says twice what the service can do: 100 calls a second. */
const MESH = `mesh: shop
services: { payment: { endpoints: ["127.0.0.1:9101"], capacity: { rps: 200, concurrency: 100 } } }
workloads: { web: {} }
budgets: { web: { payment: { int: 0.5 } } }
`;
const LOAD = ['--load', 'web/payment=65', '--service', 'payment=4x40ms'];
/** Where it does not matter what comes of a point. */
const SHORT = ['--calm', '10', '--settle', '10', '--judge', '10'];
const GRID = ['--axis', 'int=0.2,1', '--axis', 'load=1,2'];

describe('capmesh sweep mesh', function () {
  this.timeout(60_000);
  let cli: CliFixture;

  before(async () => {
    cli = await startCliFixture();
    writeFileSync(join(cli.folder, 'mesh.yaml'), MESH);
  });
  after(() => cli.stop());

  const sweep = (...args: string[]) => cli.run('sweep', 'mesh', '-f', 'mesh.yaml', ...args);
  const read = (...names: string[]): string => readFileSync(join(cli.folder, ...names), 'utf8');
  const points = (folder: string): SweptPoint[] =>
    read(folder, 'points.jsonl')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as SweptPoint]));
  const inOrder = (swept: readonly SweptPoint[]): SweptPoint[] => [...swept].sort((a, b) => a.index - b.index);

  it('finds the budgets that keep all gates open, keeps every point and draws them', async () => {
    const { code, out, err } = await sweep(...GRID, ...LOAD, '--out', 'grid');
    assert.equal(code, 0, err);
    assert.match(out, /^3 of 4 points are stable$/m);
    assert.match(out, /^ +2 +# +F +1 of 2$/m);
    assert.match(out, /^ +1 +# +# +2 of 2$/m);
    assert.match(err, /^4 of 4 points, done$/m);
    const overloaded = inOrder(points('grid'))[3];
    assert.deepEqual(overloaded?.values, { int: 1, load: 2 });
    assert.equal(overloaded?.result.gates.fit.status, 'FAIL');
    assert.equal(overloaded?.result.gates.fit.service, 'payment');
    const limited = inOrder(points('grid'))[2]?.result;
    assert.ok(limited && Math.abs(limited.refusedShare - (130 - 40) / 130) < 0.03, `${limited?.refusedShare} refused`);
    assert.equal([...read('grid', 'sweep.svg').matchAll(/class="panel"/g)].length, 5);
    assert.deepEqual(cli.requests, []);
  });

  it('answers in JSON alone, the same whatever the number of threads', async () => {
    const one = await sweep('--json', ...GRID, ...LOAD, '--workers', '1');
    const two = await sweep('--json', ...GRID, ...LOAD, '--workers', '2');
    assert.equal(one.code, 0, one.err);
    assert.equal(one.err, '');
    assert.equal(one.out, two.out);
    const { points: swept, picture } = JSON.parse(one.out);
    assert.equal(swept.length, 4);
    assert.equal(picture, null);
  });

  it('goes on after a kill where it was, and comes to what it would have come to', async () => {
    const args = ['--axis', 'int=0.05:1:0.05', ...LOAD, ...SHORT, '--workers', '1'];
    const file = join(cli.folder, 'killed', 'points.jsonl');
    const program = new ChildProgram({
      command: process.execPath,
      args: [programPath('cli/main'), 'sweep', 'mesh', '-f', join(cli.folder, 'mesh.yaml'), ...args, '--json'].concat(
        '--out',
        join(cli.folder, 'killed'),
      ),
    });
    await until(() => existsSync(file) && points('killed').length >= 2);
    program.signal('SIGKILL');
    await program.exited;
    const kept = points('killed');
    assert.ok(kept.length < 20, 'it was over before it was killed');
    appendFileSync(file, '{"index":19,"val');
    const { code, err } = await sweep(...args, '--out', 'killed');
    assert.equal(code, 0, err);
    assert.deepEqual(points('killed').slice(0, kept.length), kept);
    assert.equal(points('killed').length, 20);
    const { out } = await sweep('--json', ...args);
    assert.deepEqual(inOrder(points('killed')), JSON.parse(out).points);
  });

  it('keeps what is done on ^C, and says so', async () => {
    const args = ['--axis', 'int=0.05:1:0.05', ...LOAD, ...SHORT, '--workers', '1', '--out', 'interrupted'];
    const other = await startCliFixture();
    try {
      writeFileSync(join(other.folder, 'mesh.yaml'), MESH);
      const running = other.run('sweep', 'mesh', '-f', 'mesh.yaml', ...args);
      const file = join(other.folder, 'interrupted', 'points.jsonl');
      await until(() => existsSync(file));
      other.abort.abort();
      const { code, err } = await running;
      assert.equal(code, 130);
      const done = readFileSync(file, 'utf8').trim().split('\n').length;
      assert.ok(done < 20, 'it ended when it was over');
      assert.match(err, new RegExp(`^capmesh: ${done} of 20 points are done: kept; the same command goes on`, 'm'));
    } finally {
      await other.stop();
    }
  });

  it('does not mix two sweeps in one folder, and says what differs', async () => {
    const first = await sweep('--axis', 'int=0.5', ...LOAD, ...SHORT, '--out', 'taken');
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /^0 of 1 points are stable, 1 not known: too few calls/m);
    const before = read('taken', 'points.jsonl');
    const { code, err } = await sweep('--axis', 'int=0.6', ...LOAD, ...SHORT, '--seed', '2', '--out', 'taken');
    assert.equal(code, 2);
    assert.match(
      err,
      /--out taken: holds another sweep: axes, settings differ \(hash [0-9a-f]{12} there, [0-9a-f]{12} here\)/,
    );
    assert.equal(read('taken', 'points.jsonl'), before);
  });

  it('tells everything that is wrong at once, each with its option or path, and evaluates nothing', async () => {
    writeFileSync(
      join(cli.folder, 'load.yaml'),
      'nodes: 0\nservices: { payment: { servrs: 4 } }\nload: { web: { payment: much } }\n',
    );
    const { code, err } = await sweep(
      ...['--axis', 'int=0.1:2:0.1', '--axis', 'wide=1', '--edge', 'web/mail', '--workload', 'mail'],
      ...['--load', 'web/payment', '--service', 'payment=fast', '--load-file', 'load.yaml', '--seed', '-1'],
      ...['--workers', '0', '--settle', 'x', '--out', 'nothing'],
    );
    assert.equal(code, 2);
    for (const path of [
      '--axis int=0.1:2:0.1',
      '--axis wide=1',
      '--edge web/mail',
      '--workload mail',
      '--load web/payment',
      '--service payment=fast',
      'load.yaml: nodes',
      'load.yaml: services.payment.servrs',
      'load.yaml: load.web.payment',
      '--seed -1',
      '--workers 0',
      '--settle x',
    ]) {
      assert.ok(err.includes(`${path}: `), `${path} is not told:\n${err}`);
    }
    assert.equal(existsSync(join(cli.folder, 'nothing')), false);
  });

  it('tells mistakes of the mesh file with their lines', async () => {
    writeFileSync(join(cli.folder, 'wrong.yaml'), MESH.replace('int: 0.5', 'int: 5'));
    const { code, err } = await cli.run('sweep', 'mesh', '-f', 'wrong.yaml', '--axis', 'int=2');
    assert.equal(code, 2);
    assert.match(err, /--axis int=2: must stay in 0 … 1/);
    assert.match(err, /wrong\.yaml:4:\d+: budgets\.web\.payment\.int: must be ≤ 1/);
  });
});
