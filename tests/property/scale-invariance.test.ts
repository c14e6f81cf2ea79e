import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addArrival, burstRatio, EMPTY_BURST_LEVEL } from '../../core/gates/burst-level.ts';
import { errorDrift } from '../../core/gates/error-drift.ts';
import { fitLatency } from '../../core/gates/fit-latency.ts';
import { fitRate } from '../../core/gates/fit-rate.ts';
import { type IsolationInput, isolationGate } from '../../core/gates/isolation.ts';
import { configLag, ledgerDifference } from '../../core/gates/state-views.ts';
import { compareCounts, compareHistograms, ksDistance } from '../../core/gates/view-disagreement.ts';
import { FIT_CASE, ISOLATION_CASE, UV_CASE } from '../support/arbitrary-gates.ts';

/** ln(1 s in ms): what ln(latency) moves by when its unit does. */
const LOG_UNIT = Math.log(1000);

const count = (min: number, max: number) => fc.integer({ min, max });
/** c: whole, where calls are counted one by one. */
const times = count(2, 50);
const factor = fc.double({ min: 0.01, max: 100, noNaN: true });
const log = fc.integer({ min: 0, max: 6000 }).map((thousandths) => thousandths / 1000);

function assertNear(got: number, want: number, what: string): void {
  assert.ok(Math.abs(got - want) <= 1e-9 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);
}

const scaled = (values: readonly number[], c: number): number[] => values.map((value) => value * c);

describe('fit does not change with the scale of traffic (MATHS §B1)', () => {
  const cells = fc.array(fc.record({ seen: count(0, 5000), expected: count(5, 5000) }), { minLength: 1, maxLength: 8 });
  const rate = (seen: readonly number[], expected: readonly number[], dispersion: number) => {
    const noise = { modelVariance: expected.map(() => 0), dispersion, threshold: 0.25, z: 0 };
    const result = fitRate({ observed: seen, expected, ...noise });
    assert.ok(result.status !== 'UNKNOWN');
    return result;
  };

  it('rate part: w is that of the calls times c, apart from the Poisson noise that it takes out', () => {
    fc.assert(
      fc.property(cells, factor, (all, c) => {
        const seen = all.map((cell) => cell.seen);
        const expected = all.map((cell) => Math.max(cell.expected, 6 / c));
        const once = rate(seen, expected, 1);
        const more = rate(scaled(seen, c), scaled(expected, c), c);
        assertNear(more.value, once.value, 'w');
        assertNear(more.undebiased, once.undebiased, 'w with its noise');
        assertNear(more.frobenius, once.frobenius, 'Frobenius');
        assert.equal(more.worstCell, once.worstCell);
        // With Poisson noise the debiasing is E/M, which falls with 1/c.
        const poisson = rate(scaled(seen, c), scaled(expected, c), 1);
        const noise = all.length / (c * once.mass);
        assertNear(poisson.value ** 2, Math.max(0, once.undebiased ** 2 - noise), 'w² with Poisson noise');
      }),
    );
  });

  const answered = fc.array(fc.record({ answers: count(1, 1e6), meanLog: log, expectedLog: log, variance: log }), {
    minLength: 1,
    maxLength: 8,
  });
  const latency = (
    all: readonly { answers: number; meanLog: number; expectedLog: number; variance: number }[],
    c: number,
    shift: number,
  ) =>
    fitLatency(
      all.map((cell) => ({
        count: cell.answers * c,
        meanLog: cell.meanLog + shift,
        expectedMeanLog: cell.expectedLog + shift,
        varianceLog: cell.variance * c,
      })),
    );

  it('latency part: neither with the calls nor with the unit of time', () => {
    fc.assert(
      fc.property(answered, times, (all, c) => {
        assertNear(latency(all, c, 0), latency(all, 1, 0), 'calls × c');
        assert.ok(Math.abs(latency(all, 1, -LOG_UNIT) ** 2 - latency(all, 1, 0) ** 2) < 1e-9, 's for ms');
      }),
    );
  });

  it('error part: u is that of the calls times c, with the chance granted to each', () => {
    fc.assert(
      fc.property(
        count(1, 10_000),
        count(0, 10_000),
        fc.integer({ min: 0, max: 50 }).map((percent) => percent / 100),
        times,
        (n, f, q, c) => {
          const [attempts, failures] = [n, Math.min(f, n)];
          const once = errorDrift({ attempts, failures, baselineRatio: q, z: 2 });
          const more = errorDrift({
            attempts: c * attempts,
            failures: c * failures,
            baselineRatio: q,
            z: 2 * Math.sqrt(c),
          });
          assertNear(more, once, 'u_err');
        },
      ),
    );
  });

  it('whole gate: what passes goes on passing when everything that is counted is counted c times', () => {
    fc.assert(
      fc.property(FIT_CASE.healthy, times, (input, c) => {
        const { rate: flows, latency: answers, errors, attempts } = input;
        const { status } = FIT_CASE.judge({
          ...input,
          rate: { ...flows, observed: scaled(flows.observed, c), expected: scaled(flows.expected, c) },
          latency: { ...answers, cells: answers.cells.map((cell) => ({ ...cell, count: c * cell.count })) },
          errors: { ...errors, attempts: c * errors.attempts, failures: c * errors.failures },
          attempts: c * attempts,
        });
        assert.equal(status, 'PASS');
      }),
    );
  });
});

describe('gluing does not change with the scale of traffic (MATHS §B2)', () => {
  const histogram = fc
    .array(count(0, 500), { minLength: 3, maxLength: 3 })
    .filter((counts) => counts.some((one) => one > 0));
  const total = (counts: readonly number[]) => counts.reduce((sum, one) => sum + one, 0);

  it('distributions: the distance never, the ratio once N is above its cap', () => {
    fc.assert(
      fc.property(histogram, histogram, times, fc.nat({ max: 20 }), (a, b, c, slower) => {
        assertNear(ksDistance(scaled(a, c), b), ksDistance(a, b), 'one view × c');
        const capped = { k: 3, samplesMax: (2 * total(a) * total(b)) / (total(a) + total(b)) };
        const once = compareHistograms(a, b, capped);
        const more = compareHistograms(scaled(a, c), scaled(b, c), capped);
        assertNear(more.ratio, once.ratio, 'both × c');
        // In another unit of time every answer is as many buckets away.
        const later = (counts: readonly number[]) => [...new Array<number>(slower).fill(0), ...counts];
        assert.deepEqual(compareHistograms(later(a), later(b), capped), once);
      }),
    );
  });

  it('counters: Δ never, and u grows as √c up to the cap', () => {
    fc.assert(
      fc.property(count(1, 10_000), count(1, 10_000), count(0, 500), times, (out, received, bound, c) => {
        const scale = { k: 3, samplesMax: Number.POSITIVE_INFINITY };
        const once = compareCounts({ out, in: received, inFlightBound: bound }, scale);
        const more = compareCounts({ out: c * out, in: c * received, inFlightBound: c * bound }, scale);
        assertNear(more.delta, once.delta, 'Δ');
        assertNear(more.ratio, Math.sqrt(c) * once.ratio, 'u');
      }),
    );
  });

  it('configuration and ledger: shares stay shares', () => {
    const nodes = fc.array(fc.record({ calls: count(0, 1000), behindMs: count(0, 60_000) }), {
      minLength: 1,
      maxLength: 5,
    });
    const ledger = fc.record({
      spent: fc.array(count(0, 100), { maxLength: 4 }),
      ledger: count(0, 400),
      budget: count(1, 400),
    });
    fc.assert(
      fc.property(nodes, ledger, times, (seen, account, c) => {
        const lag = (k: number) =>
          configLag(seen.map(({ calls, behindMs }, i) => ({ node: `node-${i}`, calls: k * calls, behindMs })));
        assert.equal(lag(c).laggard, lag(1).laggard);
        assertNear(lag(c).laggingShare, lag(1).laggingShare, 'Δ_cfg');
        const once = ledgerDifference(account.spent, account.ledger, account.budget);
        assertNear(ledgerDifference(scaled(account.spent, c), c * account.ledger, c * account.budget), once, 'Δ_led');
      }),
    );
  });
});

describe('UV does not change with the scale of traffic or the unit of time (MATHS §B3)', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 });
  const rate = fc.integer({ min: 1, max: 500 });

  /** u of arrivals so far apart, each of them `c` calls. */
  function burst(gapsMs: readonly number[], rateRps: number, sigma: number, c = 1, unit = 1): number {
    let [bucket, at] = [EMPTY_BURST_LEVEL, 0];
    for (const gap of gapsMs) {
      at += (gap * unit) / 1000;
      for (let call = 0; call < c; call++) bucket = addArrival(bucket, at, (c * rateRps) / unit);
    }
    return burstRatio(bucket.maxLevel, c * sigma);
  }

  it('burst: c calls for each against c times the limit, and milliseconds for seconds', () => {
    fc.assert(
      fc.property(gaps, rate, count(2, 6), (apart, rateRps, c) => {
        const once = burst(apart, rateRps, 25);
        assertNear(burst(apart, rateRps, 25, c), once, 'calls × c');
        assertNear(burst(apart, rateRps, 25, 1, 1000), once, 'ms for s');
      }),
    );
  });

  it('whole gate: levels, limits, attempts and retries times c give the same verdict', () => {
    fc.assert(
      fc.property(UV_CASE.healthy, times, fc.boolean(), (input, c, isBad) => {
        const edges = input.edges.map((edge) => ({ ...edge, retries: isBad ? edge.attempts : edge.retries }));
        const [once, more] = [1, c].map((k) =>
          UV_CASE.judge({
            ...input,
            edges: edges.map((edge) => ({
              ...edge,
              admittedLevelMax: k * edge.admittedLevelMax,
              burst: k * (edge.burst ?? 0),
              attempts: k * edge.attempts,
              retries: k * edge.retries,
            })),
          }),
        );
        assert.equal(more?.status, once?.status);
        assertNear(more?.ratio ?? Number.NaN, once?.ratio ?? Number.NaN, 'u');
      }),
    );
  });
});

describe('isolation does not change with the unit of loads and latencies (MATHS §B4)', () => {
  const change = (input: IsolationInput, load: readonly number[], shift: number): IsolationInput => ({
    ...input,
    tenants: input.tenants.map((tenant, i) => ({
      ...tenant,
      ticks: tenant.ticks.map((tick) =>
        tick === null ? null : { ...tick, load: tick.load * (load[i] ?? 1), meanLog: tick.meanLog + shift },
      ),
      level: tenant.level && {
        ...tenant.level,
        meanLog: tenant.level.meanLog + shift,
        expectedMeanLog: tenant.level.expectedMeanLog + shift,
      },
    })),
  });
  /** The first tenant's latency follows the load of the last by so much. */
  const coupled = (input: IsolationInput, coupling: number): IsolationInput => ({
    ...input,
    tenants: input.tenants.map((tenant, i) =>
      i > 0
        ? tenant
        : {
            ...tenant,
            ticks: tenant.ticks.map((tick, t) => {
              const load = input.tenants.at(-1)?.ticks[t]?.load ?? 0;
              return tick === null ? null : { ...tick, meanLog: tick.meanLog + 0.01 * coupling * load };
            }),
          },
    ),
  });

  it('loads in any unit, each tenant in its own, and seconds for milliseconds', () => {
    const units = fc.array(factor, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        ISOLATION_CASE.healthy,
        units,
        fc.integer({ min: 0, max: 30 }).map((tenths) => tenths / 10),
        (healthy, own, coupling) => {
          const input = coupled(healthy, coupling);
          const once = isolationGate(input);
          for (const other of [isolationGate(change(input, own, 0)), isolationGate(change(input, [], -LOG_UNIT))]) {
            assert.equal(other.status, once.status);
            assert.ok(Math.abs((other.ratio ?? -1) - (once.ratio ?? -1)) < 1e-6, `${other.ratio}, not ${once.ratio}`);
            if ((once.ratio ?? 0) > 1) assert.deepEqual([other.worst, other.victim], [once.worst, once.victim]);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
