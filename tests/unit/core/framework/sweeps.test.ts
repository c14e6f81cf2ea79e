import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { intWeights, latticeWeights } from '../../../../core/framework/axis-weights.ts';
import { dimensionCrossings } from '../../../../core/framework/dimension-crossings.ts';
import { type GateMetrics, gateMetrics } from '../../../../core/framework/gate-metrics.ts';
import { gateVerdicts, worstMetrics } from '../../../../core/framework/gate-verdicts.ts';
import { geoSweep, geoSweepText, staircase } from '../../../../core/framework/geo-sweep.ts';
import { ringEigenvalues } from '../../../../core/framework/lattice-spectrum.ts';
import { selectionSummary } from '../../../../core/framework/mode-counts.ts';
import { type MultiAxisOptions, multiAxisSweep } from '../../../../core/framework/multi-axis-sweep.ts';
import { plainSpectrum } from '../../../../core/substrate/heat-trace.ts';

const OPTIONS: MultiAxisOptions = { dims: 2, side: 6, geo: [0.6], int: [0.8], mode: 'grid', scales: [0.1, 0.7, 3, 9] };

const statuses = (metrics: GateMetrics, parity = false): string[] =>
  gateVerdicts(metrics, { parity }).map(({ gate, status }) => `${gate} ${status}`);

/** ln P of the weighted modes of Σ_d w_d·L_d, one mode at a time. */
function slowLogReturn({ side, dims }: MultiAxisOptions, geo: number, int: number, time: number): number {
  const modes = latticeWeights(geo, dims)
    .reduce((sums, weight) => sums.flatMap((a) => ringEigenvalues(side).map((b) => a + weight * b)), [0])
    .sort((a, b) => a - b);
  const weights = intWeights(plainSpectrum(modes), int);
  return Math.log(modes.reduce((sum, mode, k) => sum + (weights[k] ?? 0) * Math.exp(-time * mode), 0) / modes.length);
}

describe('multi-axis sweep (MATHS §A8)', () => {
  it('weighs the modes of the deformed lattice, with exp(−s·λ)', () => {
    const [point] = multiAxisSweep(OPTIONS).points;
    OPTIONS.scales?.forEach((scale, i) => {
      assert.ok(Math.abs((point?.logFull[i] ?? 0) - slowLogReturn(OPTIONS, 1, 0, scale)) < 1e-11);
      assert.ok(Math.abs((point?.logFiltered[i] ?? 0) - slowLogReturn(OPTIONS, 0.6, 0.8, scale)) < 1e-11);
    });
  });

  it('with parity C_geo is nowhere in it, with exp(−s²·λ) and no normalisation (A10 b1, b2)', () => {
    const [point] = multiAxisSweep({ ...OPTIONS, parity: true }).points;
    OPTIONS.scales?.forEach((scale, i) => {
      const want = slowLogReturn(OPTIONS, 1, 0.8, scale * scale) + Math.log(36);
      assert.ok(Math.abs((point?.logFiltered[i] ?? 0) - want) < 1e-11);
    });
  });

  it('only the reference doubles the dimension of a 3-torus (A10 b1)', () => {
    const options: MultiAxisOptions = { dims: 3, side: 32, geo: [1], int: [0], mode: 'paired' };
    const dimension = (parity: boolean): number => multiAxisSweep({ ...options, parity }).points[0]?.dimension ?? 0;
    assert.equal(dimension(false).toFixed(2), '3.06');
    assert.equal(dimension(true).toFixed(2), '5.17');
  });

  it('no filter at all has no fit error, and its gate passes; with parity a 0 is skipped (A10 b8)', () => {
    const options: MultiAxisOptions = { ...OPTIONS, geo: [1], int: [0] };
    const { metrics, verdicts } = multiAxisSweep(options);
    assert.equal(metrics.fitError, 0);
    assert.deepEqual(
      verdicts.map(({ gate, status }) => `${gate} ${status}`),
      ['fit PASS', ...['gluing', 'uv', 'isolation'].map((gate) => `${gate} SKIP`)],
    );
    const reference = multiAxisSweep({ ...options, parity: true });
    assert.deepEqual(
      reference.verdicts.map(({ status }) => status),
      ['SKIP', 'PASS', 'PASS', 'SKIP'],
    );
  });

  it('fit can fail: a lattice with one axis of two left is not the whole lattice', () => {
    const { verdicts } = multiAxisSweep({ dims: 2, side: 16, geo: [0.5], int: [0], mode: 'grid' });
    assert.equal(verdicts[0]?.status, 'FAIL');
  });

  it('pairs first with first, and the grid has every pair', () => {
    const capacities = (mode: MultiAxisOptions['mode']): string[] =>
      multiAxisSweep({ ...OPTIONS, geo: [0.5, 1], int: [0, 1], mode }).points.map(
        ({ capacity }) => `${capacity.geo} ${capacity.int}`,
      );
    assert.deepEqual(capacities('paired'), ['0.5 0', '1 1']);
    assert.deepEqual(capacities('grid'), ['0.5 0', '0.5 1', '1 0', '1 1']);
  });

  it('with parity pairs end with the shorter list', () => {
    const options: MultiAxisOptions = { ...OPTIONS, mode: 'paired', parity: true };
    assert.equal(multiAxisSweep({ ...options, geo: [0.1, 0.2], int: [1] }).points.length, 1);
    assert.equal(multiAxisSweep({ ...options, geo: [0.1], int: [1, 0] }).points.length, 1);
  });

  it('a capacity of 0 is 0; with parity its nominal dimension is that of 1 (A10 b8)', () => {
    const nominal = (parity: boolean) =>
      multiAxisSweep({ ...OPTIONS, geo: [0], parity }).points.map(({ nominalDimension }) => nominalDimension);
    assert.deepEqual(nominal(false), [0]);
    assert.deepEqual(nominal(true), [2]);
  });

  it('refuses capacities outside [0, 1] and NaN in either mode, empty lists and pairs that do not match', () => {
    for (const parity of [false, true]) {
      assert.throws(
        () => multiAxisSweep({ ...OPTIONS, geo: [0.5, 1.01], parity }),
        /C_geo: must be in \[0, 1\], got 1\.01/,
      );
      assert.throws(() => multiAxisSweep({ ...OPTIONS, int: [Number.NaN], parity }), /C_int: must be finite, got NaN/);
      assert.throws(() => multiAxisSweep({ ...OPTIONS, geo: [Number.NaN], parity }), /C_geo: must be finite, got NaN/);
    }
    assert.throws(() => multiAxisSweep({ ...OPTIONS, geo: [] }), /geo, int: must not be empty/);
    assert.throws(() => multiAxisSweep({ ...OPTIONS, geo: [0.1, 0.2], mode: 'paired' }), /equal lengths, got 2 and 1/);
    assert.throws(() => multiAxisSweep({ ...OPTIONS, side: 1 }), /N: must be >= 2/);
  });
});

describe('step-2 gates (MATHS §A7)', () => {
  const input = {
    spectrum: plainSpectrum([0, 1, 2, 3]),
    dims: 2,
    capacity: { ...UNLIMITED, geo: 0, int: 0.5 },
    correlators: null,
    dimensions: null,
  };

  it('judge nothing that was not measured, where the reference passes it (A10 b3, b11)', () => {
    assert.deepEqual(statuses(gateMetrics(input)), ['fit SKIP', 'gluing SKIP', 'uv SKIP', 'isolation SKIP']);
    const reference = gateMetrics({ ...input, parity: true });
    assert.deepEqual(statuses(reference), ['fit PASS', 'gluing PASS', 'uv PASS', 'isolation PASS']);
  });

  it('the bound of fit tightens with capacity; the reference loosens it and takes 0 for 1 (A10 b5, b8)', () => {
    const correlators = { full: [0, 0], filtered: [0.1, 0.1] };
    const bound = (geo: number | null, parity: boolean): number =>
      gateMetrics({ ...input, correlators, capacity: { ...UNLIMITED, geo }, parity }).fitThreshold;
    assert.deepEqual(
      [0, 0.5, 1, null].map((geo) => bound(geo, false)),
      [0.25, 0.1875, 0.125, 0.25],
    );
    assert.deepEqual(
      [0, 0.5, 1, null].map((geo) => bound(geo, true)),
      [0.5, 0.25, 0.5, 0.5],
    );
  });

  it('refuse correlators of different lengths and capacities that are none', () => {
    assert.throws(
      () => gateMetrics({ ...input, correlators: { full: [0], filtered: [0, 1] } }),
      /correlators: must have equal lengths, got 1 and 2/,
    );
    for (const parity of [false, true]) {
      assert.throws(() => gateMetrics({ ...input, capacity: { ...UNLIMITED, geo: -5 }, parity }), /C_geo: must be in/);
    }
  });

  it('NaN fails, and a gate fails with one of its checks', () => {
    const metrics = gateMetrics({ ...input, parity: true });
    assert.equal(statuses({ ...metrics, fitError: Number.NaN })[0], 'fit FAIL');
    assert.equal(statuses({ ...metrics, lambdaInt: 1e6 })[2], 'uv FAIL');
    assert.equal(statuses({ ...metrics, uvMaxLambda1: null })[2], 'uv PASS');
    assert.equal(statuses({ ...metrics, isolation: 0 }, true)[3], 'isolation SKIP');
  });

  it('the worst case of a sweep is the largest value against the smallest bound', () => {
    const metrics = gateMetrics({ ...input, parity: true });
    const worst = worstMetrics([
      { ...metrics, fitError: 0.2, fitThreshold: 0.3, overlapDelta: null },
      { ...metrics, fitError: 0.1, fitThreshold: 0.25, overlapDelta: null },
    ]);
    assert.deepEqual([worst.fitError, worst.fitThreshold, worst.overlapDelta], [0.2, 0.25, null]);
    assert.throws(() => worstMetrics([]), /metrics: must not be empty/);
  });

  it('selection passes only where no truth is unknown', () => {
    const record = { accessible: 4, selected: 3, totalWeight: 4, pointerStable: 0 };
    const { status, gapSizeMean, gapRate, selectedRate } = selectionSummary([record, { ...record, selected: 4 }]);
    assert.deepEqual([status, gapSizeMean, gapRate, selectedRate], ['PASS', 0.5, 0.5, 0.875]);
    assert.equal(selectionSummary([{ ...record, pointerStable: 1 }]).status, 'SKIP');
  });
});

describe('sweep of C_geo (MATHS §A5, §A8)', () => {
  it('d_s is the number of active axes within 6/N + 0.02 wherever their weights are at least a half', () => {
    for (const dims of [1, 2, 3]) {
      const solid = geoSweep({ dims, side: 64 }).points.filter(({ weights }) =>
        weights.every((weight) => weight === 0 || weight >= 0.5),
      );
      assert.ok(solid.length > 8);
      for (const { weights, dimension } of solid) {
        const active = weights.filter((weight) => weight > 0).length;
        assert.ok(Math.abs(dimension - active) < 6 / 64 + 0.02, `${weights}: ${dimension}`);
      }
    }
  });

  it('the staircase has one point a step and the last one', () => {
    const active = staircase(geoSweep({ dims: 4, side: 16 })).map(
      ({ weights }) => weights.filter((weight) => weight > 0).length,
    );
    assert.deepEqual(active, [1, 2, 3, 4, 4]);
  });

  it('refuses every C_geo outside [0, 1], and grids of one point', () => {
    assert.throws(() => geoSweep({ dims: 2, side: 8, geoFirst: -0.1, geoLast: 1.1 }), {
      message: 'geoFirst: must be in [0, 1], got -0.1; geoLast: must be in [0, 1], got 1.1',
    });
    assert.throws(() => geoSweep({ dims: 2, side: 8, geoFirst: Number.NaN }), /geoFirst: must be in \[0, 1\], got NaN/);
    assert.throws(() => geoSweep({ dims: 2, side: 8, geoSteps: 1 }), /points: must be a whole number >= 2/);
    assert.throws(() => geoSweep({ dims: 2, side: 8, scaleFirst: 0 }), /lo, hi: must be > 0/);
    assert.throws(() => geoSweep({ dims: 0, side: 8 }), /D: must be positive/);
  });

  it('a run id is taken from the configuration with its fractions written as such', () => {
    const { config } = geoSweep({ dims: 1, side: 4, geoFirst: 0, scalePoints: 5, overrides: { ptr: null, int: 1 } });
    assert.equal(
      geoSweepText(config),
      '{"C_geo_max": 1.0, "C_geo_min": 0.0, "C_geo_steps": 30, "D": 1, "N": 4, ' +
        '"capacity_overrides": {"C_int": 1.0, "C_ptr": null}, "n_sigma": 5, "plateau_sigma_hi_frac": 0.4, ' +
        '"plateau_sigma_lo": 5.0, "sigma_max": 200.0, "sigma_min": 0.1}',
    );
  });

  it('crossings are the first of each half-integer, up or down, and none of what is flat', () => {
    const crossings = dimensionCrossings([0, 1, 2, 3], [1.25, 0.75, 1.25, 1.75], 1);
    assert.deepEqual(crossings, [
      { dimension: 1, at: 0.5, bracket: [0, 1] },
      { dimension: 1.5, at: 2.5, bracket: [2, 3] },
    ]);
    assert.deepEqual(dimensionCrossings([0, 1], [0.5 - 1e-12, 0.5], 1), []);
  });
});
