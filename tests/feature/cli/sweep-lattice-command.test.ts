import assert from 'node:assert/strict';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';

describe('capmesh sweep lattice', () => {
  let cli: CliFixture;

  before(async () => {
    cli = await startCliFixture();
  });
  after(() => cli.stop());

  it('prints the published tables, the staircase and the two statements that do not hold, without a mesh', async () => {
    const { code, out, err } = await cli.run('sweep', 'lattice');
    assert.equal(code, 0, err);
    assert.match(out, /^fit +fit error +0\.03357 +0\.0336 +0\.165 +0\.165 +20 %$/m);
    assert.match(out, /^gluing +overlap delta +0\.002246 +0\.002246 +0\.003906 +0\.003906 +57 %$/m);
    assert.match(out, /^0\.345 +1\.00 0\.03 0\.00 +2\.114 +2\.11$/m);
    assert.match(out, /^three published statements hold:$/m);
    assert.match(out, /^two published statements do not hold:\n {2}N = 64: lambda1 .*: its own bound is 1\.0;/m);
    assert.match(out, /^ {4}fit error of N = 32 at C_int = 0\.5 = 0\.01710$/m);
    assert.deepEqual(cli.requests, []);
  });

  it('gives the same report as JSON, with the run id of the published sweep', async () => {
    const { out } = await cli.run('sweep', 'lattice', '--json');
    const report = JSON.parse(out);
    assert.equal(report.geoSweep.runId, '9200c99e0f29');
    assert.equal(report.n32.reference.points.length, 9);
    assert.deepEqual(
      report.statements.map(({ holds }: { holds: boolean }) => holds),
      [true, true, true, false, false],
    );
    assert.equal(report.n32.reference.points[0].logFull, undefined);
  });

  it('sweeps a lattice of one’s own: sound by default, the reference with --parity', async () => {
    const lattice = ['--n', '16', '--dims', '2', '--geo', '0.5,1', '--int', '0,0.5', '--paired', '--json'];
    const sweep = async (...more: string[]) => JSON.parse((await cli.run('sweep', 'lattice', ...lattice, ...more)).out);
    const [sound, reference] = [await sweep(), await sweep('--parity')];
    const capacities = sound.points.map(({ capacity }: { capacity: object }) => capacity);
    assert.deepEqual(capacities, [
      { geo: 0.5, int: 0, gauge: null, ptr: null, obs: null },
      { geo: 1, int: 0.5, gauge: null, ptr: null, obs: null },
    ]);
    const statuses = ({ gates }: { gates: { status: string }[] }): string[] => gates.map(({ status }) => status);
    assert.deepEqual(statuses(sound), ['FAIL', 'SKIP', 'SKIP', 'SKIP']);
    assert.deepEqual(statuses(reference), ['PASS', 'PASS', 'PASS', 'SKIP']);
    const { out } = await cli.run('sweep', 'lattice', ...lattice.slice(0, -1));
    assert.match(out, /^D = 2, N = 16, C_geo 0\.5 1 with C_int 0 0\.5$/m);
    assert.match(out, /^ {2}0\.5 +0 +1\.\d{3} +\d\S* +0\.1875 +256\/256$/m);
    assert.match(out, /^d_s passes 1\.5 at 0\.5\d\d · 2 at 0\.5\d\d$/m);
  });

  it('exits with 2 on a lattice or a capacity that is none', async () => {
    for (const [args, said] of [
      [['--geo', '0.5,1.2'], /Give a fraction between 0 and 1/],
      [['--int', 'null'], /Give a number/],
      [['--int', '0,,1'], /Give a number/],
      [['--n', '1'], /N: must be >= 2, got 1/],
      [['--dims', '0'], /D: must be positive/],
      [['--n', '400'], /at most 2000000 sums/],
      [['--paired', '--geo', '1'], /paired lists must have equal lengths, got 1 and 3/],
    ] as const) {
      const { code, err } = await cli.run('sweep', 'lattice', ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(err, said);
    }
  });
});
