import assert from 'node:assert/strict';
import { describeReports, runGoldenFolder } from './golden-report.ts';

/** Cases by file: a case that nothing computes does not count. */
const CASES = {
  '01-numeric-primitives.json': 13,
  '02-lattice-eigenvalues.json': 12,
  '03-graph-spectra.json': 19,
  '04-heat-trace-spectral-dimension.json': 18,
  '05-return-probability.json': 45,
  '06-weights-geo.json': 41,
  '07-weights-int-combined.json': 44,
  '08-gate-metrics.json': 56,
  '11-multi-axis-sweep.json': 3,
  '12-published-figures.json': 2,
  '13-cgeo-sweep.json': 3,
  '14-spectral-filters.json': 50,
  '22-lanczos-slq.json': 8,
};

describe('golden vectors of Framework v4.5 (MATHS §A1–§A8)', () => {
  it('are reproduced by the validation mode', () => {
    const reports = runGoldenFolder('tests/golden/framework');
    const { text, ok } = describeReports(reports);
    assert.ok(ok, text);
    assert.deepEqual(Object.fromEntries(reports.map(({ name, passed }) => [name, passed])), CASES);
    assert.deepEqual(
      reports.filter(({ notCovered }) => notCovered > 0),
      [],
    );
  });
});
