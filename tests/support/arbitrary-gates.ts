import fc from 'fast-check';
import { errorDrift } from '../../core/gates/error-drift.ts';
import { type FitInput, fitGate } from '../../core/gates/fit.ts';
import { type FitRateInput, fitRate } from '../../core/gates/fit-rate.ts';
import type { GateVerdict } from '../../core/gates/gate-state.ts';
import { type GluingInput, gluingGate } from '../../core/gates/gluing.ts';
import { type IsolationInput, isolationGate, type TenantTick } from '../../core/gates/isolation.ts';
import { spectralRadii } from '../../core/gates/spectral-radius.ts';
import { type ConfigView, configLag, ledgerDifference } from '../../core/gates/state-views.ts';
import { type UvInput, uvGate } from '../../core/gates/uv.ts';
import { seededRandom } from './random.ts';

/** A gate by what its numbers are computed from, down to what was measured. */
export interface GateCase<T> {
  /** Inputs that pass. */
  readonly healthy: fc.Arbitrary<T>;
  readonly judge: (input: T) => GateVerdict;
}

const count = (min: number, max: number) => fc.integer({ min, max });
/** Evenly spread, which a `fc.double` down to 0 is not. */
const real = (min: number, max: number) => count(0, 10_000).map((step) => min + ((max - min) * step) / 10_000);
/** Within the given share of a number, to either side. */
const near = (share: number) => real(1 - share, 1 + share);

interface FitCase extends Omit<FitInput, 'rate' | 'errors'> {
  readonly rate: FitRateInput;
  readonly errors: Parameters<typeof errorDrift>[0];
}

/** A service that behaves as its model says. */
const healthyFit: fc.Arbitrary<FitCase> = fc
  .record({
    expected: fc.array(count(400, 4000), { minLength: 1, maxLength: 6 }),
    deviation: near(0.05),
    answers: fc.array(count(2000, 9000), { minLength: 1, maxLength: 4 }),
    meanLog: real(1, 6),
    slower: real(-0.1, 0.1),
    congestion: real(0, 2.9),
    threshold: real(0.2, 0.3),
  })
  .map(({ expected, deviation, answers, meanLog, slower, congestion, threshold }) => ({
    rate: {
      observed: expected.map((calls) => Math.round(calls * deviation)),
      expected,
      modelVariance: expected.map(() => 1),
      dispersion: 1,
      threshold,
      z: 2.33,
    },
    latency: {
      cells: answers.map((answered, i) => ({
        name: `edge-${i}`,
        count: answered,
        meanLog: meanLog + slower,
        expectedMeanLog: meanLog,
        varianceLog: 0.1,
      })),
      medianMs: Math.exp(meanLog),
    },
    errors: { attempts: 1000, failures: 1, baselineRatio: 0.001, z: 8 },
    drift: { congestion, evidence: 0.5, trimming: false },
    threshold,
    attempts: 5000,
  }));

export const FIT_CASE: GateCase<FitCase> = {
  healthy: healthyFit,
  judge: ({ rate, errors, ...rest }) =>
    fitGate({ ...rest, rate: fitRate(rate), errors: { ratio: errorDrift(errors), worst: 'edge-0' } }),
};

interface GluingCase extends Omit<GluingInput, 'config' | 'ledger'> {
  readonly nodes: readonly ConfigView[];
  readonly accounts: readonly {
    readonly spent: readonly number[];
    readonly ledger: number;
    readonly budget: number;
  }[];
}

/** Views that agree. */
const healthyGluing: fc.Arbitrary<GluingCase> = fc
  .record({
    shape: fc.array(count(20, 500), { minLength: 3, maxLength: 12 }),
    views: count(2, 4),
    calls: count(100, 5000),
    late: real(0, 29_000),
    spent: fc.array(real(1, 100), { minLength: 1, maxLength: 3 }),
    geo: fc.option(real(0, 1), { nil: null }),
  })
  .map(({ shape, views, calls, late, spent, geo }) => ({
    distributions: [
      { name: 'payment', views: Array.from({ length: views }, (_, i) => ({ view: `node-${i}`, histogram: shape })) },
    ],
    counters: [{ edge: 'checkout/payment', out: calls, in: calls - 1, inFlightBound: 4 }],
    nodes: [
      { node: 'node-0', calls, behindMs: 0 },
      { node: 'node-1', calls, behindMs: late },
    ],
    accounts: [{ spent, ledger: spent.reduce((sum, one) => sum + one, 0), budget: 1000 }],
    k: 3,
    looks: 2,
    geo,
    clockSkewSec: 0.1,
  }));

export const GLUING_CASE: GateCase<GluingCase> = {
  healthy: healthyGluing,
  judge: ({ nodes, accounts, ...rest }) =>
    gluingGate({
      ...rest,
      config: configLag(nodes),
      ledger: accounts.map((one, i) => ({
        account: `account-${i}`,
        difference: ledgerDifference(one.spent, one.ledger, one.budget),
      })),
    }),
};

interface UvCase extends Omit<UvInput, 'amplification'> {
  /** K + diag(r) by rows. */
  readonly calls: readonly (readonly number[])[];
}

/** Bursts and retries within their bounds, over a minute of data. */
const healthyUv: fc.Arbitrary<UvCase> = fc
  .record({
    edges: fc.array(fc.record({ burst: real(25, 500), level: real(0, 1), attempts: count(100, 5000) }), {
      minLength: 1,
      maxLength: 6,
    }),
    coupling: real(0.1, 1),
    gain: real(0, 0.7),
  })
  .map(({ edges, coupling, gain }) => ({
    edges: edges.map(({ burst, level, attempts }, i) => ({
      name: `edge-${i}`,
      admittedLevelMax: level * burst,
      burst,
      attempts,
      retries: Math.floor(0.01 * attempts * coupling),
    })),
    calls: [
      [0, gain],
      [gain, 0],
    ],
    coupling,
    observedSec: 60,
    lowestHz: 1 / 30,
    tickSec: 1,
  }));

export const UV_CASE: GateCase<UvCase> = {
  healthy: healthyUv,
  judge: ({ calls, ...rest }) => {
    const radii = spectralRadii(calls.map((row) => new Map(row.map((value, column) => [column, value]))));
    return uvGate({ ...rest, amplification: Math.max(...radii) });
  },
};

const ISOLATION_TICKS = 120;

/** Tenants whose loads and latencies have nothing to do with each other. */
const healthyIsolation: fc.Arbitrary<IsolationInput> = fc
  .record({ seed: fc.nat(), tenants: count(2, 4), excess: real(-0.2, 0.2), entitledLoad: real(1, 200) })
  .map(({ seed, tenants, excess, entitledLoad }) => {
    const random = seededRandom(seed);
    const tick = (): TenantTick => ({ load: random.poisson(100), answers: 100, meanLog: 3 + 0.1 * random.normal() });
    return {
      tenants: Array.from({ length: tenants }, (_, i) => ({
        name: `tenant-${i}`,
        ticks: Array.from({ length: ISOLATION_TICKS }, tick),
        level: { count: 5000, meanLog: 3 + excess, expectedMeanLog: 3, varianceLog: 0.2 },
        medianMs: 20,
        entitledLoad,
      })),
      threshold: 0.15,
      z: 2.5,
    };
  });

export const ISOLATION_CASE: GateCase<IsolationInput> = { healthy: healthyIsolation, judge: isolationGate };
