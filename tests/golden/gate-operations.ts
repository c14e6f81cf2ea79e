import { addArrival, burstRatio, EMPTY_BURST_LEVEL } from '../../core/gates/burst-level.ts';
import { fitLatency } from '../../core/gates/fit-latency.ts';
import { fitRate } from '../../core/gates/fit-rate.ts';
import { isolationThreshold } from '../../core/gates/isolation.ts';
import { differencedTicks, isolationPairs, poolChanges } from '../../core/gates/isolation-pairs.ts';
import { spectralRadii } from '../../core/gates/spectral-radius.ts';
import { judge } from '../../core/gates/verdict.ts';
import {
  compareCounts,
  compareHistograms,
  type Disagreement,
  familyK,
  sampleCap,
} from '../../core/gates/view-disagreement.ts';
import { meshSpectrum } from '../../core/substrate/spectrum.ts';
import { type GoldenCase, numberOr, numbers } from './golden-file.ts';

type Input = GoldenCase['input'];

/** What the reference calls each statistic, run through the gates' own code. */
export const GATE_OPERATIONS: Readonly<Record<string, (input: Input) => unknown>> = {
  fit_rate: goldenFitRate,
  fit_lat: goldenFitLatency,
  bucket: goldenBucket,
  specrad: goldenSpectralRadius,
  ks: goldenKs,
  k: goldenFamilyK,
  edge: goldenEdge,
  isolation: goldenIsolation,
  normlap: goldenNormalisedLaplacian,
};

export const GATE_SCHEMA = 'cgp-golden-proposed/1';

function goldenFitRate(input: Input): unknown {
  const got = fitRate({
    observed: numbers(input.n),
    expected: numbers(input.m),
    modelVariance: input.v === undefined ? numbers(input.m).map(() => 0) : numbers(input.v),
    dispersion: numberOr(input.phi, 1),
    threshold: numberOr(input.eps, 0.25),
    z: numberOr(input.z, 2.33),
  });
  const scale = { mass: got.mass, mass_needed: got.massNeeded, cells: got.cells };
  if (got.status === 'UNKNOWN') {
    return { status: got.status, reason: got.reason, value: null, ratio: null, ...scale };
  }
  return {
    status: got.status,
    value: got.value,
    value_undebiased: got.undebiased,
    frobenius_rel: got.frobenius,
    ratio: got.ratio,
    worst_cell: got.worstCell,
    ...scale,
  };
}

function goldenFitLatency(input: Input): unknown {
  const [meanLog, expected, variance] = [numbers(input.mu), numbers(input.mu_hat), numbers(input.s2)];
  const value = fitLatency(
    numbers(input.n).map((count, index) => ({
      count,
      meanLog: meanLog[index] ?? Number.NaN,
      expectedMeanLog: expected[index] ?? Number.NaN,
      varianceLog: variance[index] ?? Number.NaN,
    })),
  );
  const { status, ratio } = judge(value / numberOr(input.eps, 0.25));
  return { status, value, ratio };
}

function goldenBucket(input: Input): unknown {
  const rateRps = numberOr(input.rho, Number.NaN);
  const bucket = numbers(input.t).reduce((level, atSec) => addArrival(level, atSec, rateRps), EMPTY_BURST_LEVEL);
  return { max_level: bucket.maxLevel, ratio: burstRatio(bucket.maxLevel, numberOr(input.sigma, Number.NaN)) };
}

function goldenSpectralRadius(input: Input): unknown {
  const retries = numbers(input.r);
  const rows = lists(input.K).map(
    (row, i) =>
      new Map(
        row
          .map((value, j): [number, number] => [j, value + (i === j ? (retries[i] ?? 0) : 0)])
          .filter(([, value]) => value !== 0),
      ),
  );
  return Math.max(0, ...spectralRadii(rows));
}

function goldenKs(input: Input): unknown {
  return goldenDisagreement(compareHistograms(numbers(input.a), numbers(input.b), goldenScale(input)));
}

function goldenEdge(input: Input): unknown {
  const pair = {
    out: numberOr(input.out, Number.NaN),
    in: numberOr(input.in, Number.NaN),
    inFlightBound: numberOr(input.inflight_bound, Number.NaN),
  };
  return goldenDisagreement(compareCounts(pair, goldenScale(input)));
}

function goldenFamilyK(input: Input): unknown {
  const single = Math.sqrt(Math.log(2 / numberOr(input.alpha, Number.NaN)));
  return familyK(single, numberOr(input.m, Number.NaN));
}

function goldenIsolation(input: Input): unknown {
  const latency = numbers(input.y);
  const others = lists(input.others).map((load, index) => ({ name: `${index}`, load }));
  const loads = [{ name: 'own', load: numbers(input.own) }, ...others];
  const ticks = differencedTicks([latency, ...loads.map(({ load }) => load)]);
  const got = isolationPairs(latency, 'own', poolChanges(loads, ticks));
  if (got.status === 'UNKNOWN') return { status: got.status, reason: got.reason };
  const value = Math.max(...got.pairs.map((pair) => pair.value));
  const { status, ratio } = judge(value / isolationThreshold(0.15, null, null));
  return {
    status,
    value,
    ratio,
    worst: got.pairs.findIndex((pair) => pair.value === value),
    pairs: got.pairs.map(({ tenant, r, effectiveSamples, lowerBound, value: lcb2 }) => {
      return { tenant: Number(tenant), r, r2: r > 0 ? r * r : 0, n_eff: effectiveSamples, lcb: lowerBound, lcb2 };
    }),
  };
}

function goldenNormalisedLaplacian(input: Input): unknown {
  const size = numberOr(input.n, Number.NaN);
  const calls = (factor: number) =>
    lists(input.edges).map(([from = -1, to = -1, weight = 0]) => ({ from, to, rateRps: factor * weight }));
  const got = meshSpectrum(size, calls(1));
  const heavier = meshSpectrum(size, calls(10)).eigenvalues ?? [];
  const { value: ds, raw, rSquared, window, reason } = got.dimension;
  return {
    eigenvalues: got.eigenvalues,
    n_zero: got.zeroMultiplicity,
    lambda1: got.lambda1,
    lambda_max: got.lambdaMax,
    max_abs_change_when_weights_x10: Math.max(
      ...heavier.map((value, i) => Math.abs(value - (got.eigenvalues?.[i] ?? 0))),
    ),
    spectral_dimension: { ds, ds_raw: raw, r2: rSquared, window, reason },
  };
}

const goldenScale = (input: Input) => ({
  k: numberOr(input.k, Number.NaN),
  samplesMax: sampleCap(typeof input.C_geo === 'number' ? input.C_geo : null),
});

const goldenDisagreement = (got: Disagreement) => ({
  delta: got.delta,
  n: got.samples,
  n_geo: got.samplesMax,
  n_eff: got.samplesEffective,
  threshold: got.threshold,
  ratio: got.ratio,
  pass: judge(got.ratio).status === 'PASS',
});

const lists = (value: unknown): number[][] => (Array.isArray(value) ? value.map(numbers) : []);
