import assert from 'node:assert/strict';
import { separateLoads } from '../../../../core/gates/collinear-loads.ts';
import {
  type IsolationInput,
  isolationGate,
  isolationThreshold,
  type PoolTenant,
  REST,
  type TenantTick,
} from '../../../../core/gates/isolation.ts';
import { isolationLevel, levelMassNeeded, likelyAntagonist } from '../../../../core/gates/isolation-level.ts';
import {
  bartlettSamples,
  differencedTicks,
  fisherLowerBound,
  isolationPairs,
  poolChanges,
} from '../../../../core/gates/isolation-pairs.ts';
import {
  lagOneCorrelation,
  partialCorrelations,
  regressors,
  standardise,
} from '../../../../core/gates/partial-correlation.ts';
import { type Random, seededRandom } from '../../../support/random.ts';

const close = (got: number | null | undefined, want: number, digits: number) =>
  assert.equal(got?.toFixed(digits), want.toFixed(digits));

const noise = (random: Random, ticks: number, scale = 1) =>
  Array.from({ length: ticks }, () => scale * random.normal());
const level = { count: 4000, meanLog: Math.log(20), expectedMeanLog: Math.log(20), varianceLog: 0.09 };

function tenant(
  name: string,
  load: readonly number[],
  changes: Partial<PoolTenant> & { y?: readonly number[] } = {},
): PoolTenant {
  const { y = load.map((_, t) => 3 + 0.01 * (t % 7)), ...rest } = changes;
  const ticks = load.map((value, t): TenantTick => ({ load: value, answers: 100, meanLog: y[t] ?? Number.NaN }));
  return { name, ticks, level, medianMs: 20, entitledLoad: null, ...rest };
}

/** Two tenants; the latency of `shop` follows the load of `reports` with the given slope. */
function coupled(slope: number, ticks = 120, seed = 7): { shop: PoolTenant; reports: PoolTenant } {
  const random = seededRandom(seed);
  const heavy = noise(random, ticks).map((value) => 20 + value);
  const y = noise(random, ticks, 0.1).map((value, t) => 3 + value + slope * (heavy[t] ?? 0));
  const own = noise(random, ticks).map((value) => 8 + value);
  const calm = noise(random, ticks, 0.1).map((value) => 3 + value);
  return { shop: tenant('shop', own, { y }), reports: tenant('reports', heavy, { y: calm }) };
}

/** The pairs of a victim whose own load is `own`, with the other tenants' loads by name. */
function pairsOf(meanLog: number[], own: number[], others: Record<string, number[]>) {
  const loads = Object.entries({ own, ...others }).map(([name, load]) => ({ name, load }));
  const ticks = differencedTicks([meanLog, ...loads.map(({ load }) => load)]);
  return isolationPairs(meanLog, 'own', poolChanges(loads, ticks));
}

const judgeTenants = (tenants: PoolTenant[], threshold = 0.15) => isolationGate({ tenants, threshold });

describe('isolation statistics (MATHS §B4)', () => {
  it('give a bound of −0.017 for r = 0.2 and 60 samples in the worked example (CONTRACT §I)', () => {
    close(fisherLowerBound(0.2, 60, 3), -0.017, 3);
  });

  it('leave no bound without a degree of freedom', () => {
    assert.ok(Number.isNaN(fisherLowerBound(0.9, 18, 17)));
    assert.ok(fisherLowerBound(1, 60, 3) === 1);
  });

  it('count autocorrelated samples for less, within ±0.9', () => {
    assert.equal(bartlettSamples(100, 0, 0.8), 100);
    close(bartlettSamples(100, 0.8, 0.8), 100 * (0.36 / 1.64), 9);
    close(bartlettSamples(100, 1, 1), 100 * (0.1 / 1.9), 9);
  });

  it('remember from one tick to the next only where no tick is missing between', () => {
    const values = [1, -1, 1, -1];
    assert.equal(lagOneCorrelation(standardise(values), [false, true, true, true]), -0.75);
    assert.equal(lagOneCorrelation(standardise(values), [false, true, false, true]), -0.5);
  });

  it('find the slope of an exact relation and hold the other series', () => {
    const random = seededRandom(3);
    const [a, b] = [noise(random, 50), noise(random, 50)];
    const y = a.map((value, t) => 2 * value - 0.5 * (b[t] ?? 0));
    const [first, second] = partialCorrelations(standardise(y), regressors([a, b].map(standardise)));
    close(first?.slope, 2, 5);
    close(second?.slope, -0.5, 5);
    assert.ok((first?.r ?? 0) > 0.9999 && (second?.r ?? 0) < -0.9999);
  });

  it('do not change when any series is rescaled', () => {
    const random = seededRandom(5);
    const [y, own, other] = [noise(random, 60), noise(random, 60), noise(random, 60)];
    const scaled = (values: number[], factor: number) => values.map((value) => value * factor);
    const once = pairsOf(y, own, { a: other });
    const again = pairsOf(scaled(y, 1e-3), scaled(own, 1e6), { a: scaled(other, 1e-6) });
    assert.ok(once.status === 'JUDGED' && again.status === 'JUDGED');
    close(again.pairs[0]?.lowerBound, once.pairs[0]?.lowerBound ?? Number.NaN, 12);
  });

  it('need 30 differences, and take none across a missing tick', () => {
    const random = seededRandom(9);
    const [y, own, other] = [noise(random, 31), noise(random, 31), noise(random, 31)];
    const judged = (meanLog: number[]) => pairsOf(meanLog, own, { a: other });
    assert.equal(judged(y).status, 'JUDGED');
    const gap = judged(y.map((value, t) => (t === 15 ? Number.NaN : value)));
    assert.deepEqual(gap, { status: 'UNKNOWN', reason: 'warmup', differences: 28 });
  });

  it('say nothing about a victim or neighbours that stand still', () => {
    const random = seededRandom(11);
    const [y, own] = [noise(random, 60), noise(random, 60)];
    const flat = y.map(() => 4);
    const still = pairsOf(y, own, { a: flat });
    assert.ok(still.status === 'UNKNOWN' && still.reason === 'no_variance');
  });
});

describe('collinear loads (MATHS §B4, §B8)', () => {
  const random = seededRandom(13);
  const [own, a, b] = [noise(random, 60), noise(random, 60), noise(random, 60)];
  const twin = a.map((value) => 3 * value + 7);

  it('are merged into one that both answer for', () => {
    const { loads, inseparable } = separateLoads(own, [
      { name: 'a', load: a },
      { name: 'b', load: b },
      { name: 'c', load: twin },
    ]);
    assert.deepEqual([loads.length, inseparable], [2, []]);
    assert.ok(loads.some(({ name }) => name === 'a+c' || name === 'c+a'));
  });

  it('that follow the own load cannot be blamed', () => {
    const result = separateLoads(a, [
      { name: 'b', load: b },
      { name: 'c', load: twin },
    ]);
    assert.deepEqual([result.loads.map(({ name }) => name), result.inseparable], [['b'], ['c']]);
  });

  it('are merged also for a victim whose own load stands still', () => {
    const still = own.map(() => 5);
    const { loads, inseparable } = separateLoads(still, [
      { name: 'a', load: a },
      { name: 'c', load: twin },
    ]);
    assert.deepEqual([loads.length, inseparable], [1, []]);
    const y = own.map((value, t) => value + 2 * (a[t] ?? 0));
    const judged = pairsOf(y, still, { a, b, c: twin });
    assert.ok(judged.status === 'JUDGED');
    assert.match(judged.pairs.find(({ value }) => value > 0.15)?.tenant ?? '', /^(a\+c|c\+a)$/);
  });

  it('leave the verdict UNKNOWN unless another tenant is found guilty', () => {
    const y = own.map((value, t) => value + 0.2 * (b[t] ?? 0));
    const judged = pairsOf(y, a, { c: twin });
    assert.ok(judged.status === 'UNKNOWN' && judged.reason === 'collinear');
    const partly = pairsOf(y, a, { b, c: twin });
    assert.ok(partly.status === 'JUDGED' && partly.unresolved === 'collinear');
  });
});

describe('isolation, level part (CONTRACT §G)', () => {
  it('gives 0.120 for 21 ms where 20 ms are explained (CONTRACT §I)', () => {
    close(isolationLevel({ ...level, meanLog: Math.log(21) }).ratio, 0.12, 3);
  });

  it('fails above one and a half times the explained latency, and never for being faster', () => {
    const at = (factor: number) => isolationLevel({ ...level, meanLog: level.expectedMeanLog + Math.log(factor) });
    assert.equal(at(1.499).status, 'PASS');
    assert.equal(at(1.501).status, 'FAIL');
    assert.equal(at(0.5).ratio, 0);
  });

  it('is UNKNOWN without a baseline, and while noise alone could fail it', () => {
    assert.equal(isolationLevel(null).reason, 'warmup');
    const count = Math.ceil(levelMassNeeded(0.09));
    assert.equal(isolationLevel({ ...level, count }).status, 'PASS');
    assert.equal(isolationLevel({ ...level, count: count - 1 }).reason, 'insufficient_mass');
    assert.equal(isolationLevel({ ...level, expectedMeanLog: Number.NaN }).reason, 'nonfinite');
    // Nobody to be slowed down.
    assert.equal(isolationLevel({ ...level, count: 0, meanLog: Number.NaN }).status, 'NOT_APPLICABLE');
  });

  it('suspects the tenant furthest over its entitlement, else the largest', () => {
    const holder = (name: string, meanLoad: number, entitledLoad: number | null) => ({ name, meanLoad, entitledLoad });
    assert.equal(likelyAntagonist([holder('a', 50, 60), holder('b', 9, 4), holder('c', 7, 5)]), 'b');
    assert.equal(likelyAntagonist([holder('a', 50, 60), holder('b', 60, null)]), 'b');
    assert.equal(likelyAntagonist([holder('a', 0, null)]), '');
  });
});

describe('isolation gate', () => {
  it('gives 0.120 against an ε of 0.114 in the worked example (CONTRACT §I)', () => {
    close(isolationThreshold(0.15, null, 0.8), 0.114, 12);
    const { shop, reports } = coupled(0);
    const raised = { ...shop, level: { ...level, meanLog: Math.log(21) } };
    const verdict = judgeTenants([raised, reports], isolationThreshold(0.15, null, 0.8));
    assert.equal(verdict.status, 'PASS');
    close(verdict.ratio, 0.12, 3);
    assert.deepEqual([verdict.victim, verdict.worst], ['shop', 'reports']);
  });

  it('tightens with the larger of C_geo and C_int, null counting 0', () => {
    close(isolationThreshold(0.15, 1, 0.5), 0.105, 12);
    assert.equal(isolationThreshold(0.15, null, null), 0.15);
  });

  it('names antagonist and victim of a coupling', () => {
    const { shop, reports } = coupled(0.2);
    const verdict = judgeTenants([shop, { ...reports, entitledLoad: 10 }]);
    assert.equal(verdict.status, 'FAIL');
    assert.deepEqual([verdict.victim, verdict.worst], ['shop', 'reports']);
    assert.equal(verdict.evidence['victim/shop'], verdict.ratio);
    const rise = Math.log1p(verdict.evidence.predicted_rise ?? 0) / 10;
    assert.ok(rise > 0.17 && rise < 0.23, `slope ${rise}, not 0.2`);
  });

  it('does not fail where there is none', () => {
    const { shop, reports } = coupled(0);
    assert.equal(judgeTenants([shop, reports]).status, 'PASS');
  });

  it('counts only harm: latency that falls with the neighbour’s load passes', () => {
    const { shop, reports } = coupled(-0.2);
    assert.equal(judgeTenants([shop, reports]).status, 'PASS');
  });

  it('is NOT_APPLICABLE for one tenant and UNKNOWN for none', () => {
    const { shop, reports } = coupled(0.2);
    const idle = { ...reports, ticks: reports.ticks.map(() => ({ load: 0, answers: 0, meanLog: 0 })) };
    assert.equal(judgeTenants([shop]).status, 'NOT_APPLICABLE');
    assert.equal(judgeTenants([shop, idle]).reason, 'one-tenant');
    assert.equal(judgeTenants([idle]).reason, 'no-traffic');
    assert.equal(judgeTenants([]).reason, 'no-traffic');
  });

  it('is UNKNOWN while it warms up, yet fails on a level that proves harm', () => {
    const { shop, reports } = coupled(0.2, 30);
    assert.equal(judgeTenants([shop, reports]).reason, 'warmup');
    const harmed = { ...shop, level: { ...level, meanLog: level.expectedMeanLog + 1 } };
    assert.deepEqual(
      [judgeTenants([harmed, reports]).status, judgeTenants([harmed, reports]).worst],
      ['FAIL', 'reports'],
    );
  });

  it('leaves a victim with a trickle of calls to its level, and to the others where that is too little too', () => {
    const { shop, reports } = coupled(0);
    const trickle = tenant(
      'trickle',
      shop.ticks.map((_, t) => (t % 9 === 0 ? 1 : 0)),
    );
    const few = trickle.ticks.map((tick) => tick && { ...tick, answers: 1 });
    const verdict = judgeTenants([shop, reports, { ...trickle, ticks: few, level: { ...level, count: 9 } }]);
    assert.deepEqual([verdict.status, verdict.evidence.sparse_victims], ['PASS', 1]);
    const harmed = { ...trickle, ticks: few, level: { ...level, meanLog: level.expectedMeanLog + 1 } };
    assert.equal(judgeTenants([shop, reports, harmed]).victim, 'trickle');
    const sparse = { ...trickle, ticks: few, level: { ...level, count: 9 } };
    assert.equal(judgeTenants([sparse, { ...sparse, name: 'other' }]).reason, 'insufficient_mass');
  });

  it('does not judge latencies below what the histogram resolves', () => {
    const { shop, reports } = coupled(0.2);
    const fast = [shop, reports].map((one) => ({ ...one, medianMs: 0.5 }));
    assert.deepEqual([judgeTenants(fast).status, judgeTenants(fast).reason], ['NOT_APPLICABLE', 'low-confidence']);
  });

  it('is UNKNOWN when more than a twentieth of the ticks is unusable', () => {
    const { shop, reports } = coupled(0);
    const broken = (share: number): IsolationInput['tenants'] => [
      { ...shop, ticks: shop.ticks.map((tick, t) => (t % 20 < share * 20 && tick ? { ...tick, load: -1 } : tick)) },
      reports,
    ];
    assert.equal(isolationGate({ tenants: broken(0.05), threshold: 0.15 }).status, 'PASS');
    assert.equal(isolationGate({ tenants: broken(0.25), threshold: 0.15 }).reason, 'nonfinite');
  });

  it('keeps to the largest tenants and sums up the rest', () => {
    const random = seededRandom(17);
    const { shop } = coupled(0);
    const crowd = Array.from({ length: 20 }, (_, i) =>
      tenant(
        `t${i}`,
        noise(random, 120).map((value) => 30 - i + value),
        { y: noise(random, 120) },
      ),
    );
    const small = crowd.slice(15).map(({ ticks }) => ticks.map((tick) => tick?.load ?? 0));
    const y = (shop.ticks ?? []).map((_, t) => 3 + small.reduce((sum, load) => sum + (load[t] ?? 0), 0));
    const victim = tenant(
      'shop',
      shop.ticks.map((tick) => tick?.load ?? 0),
      { y },
    );
    const verdict = judgeTenants([victim, ...crowd]);
    assert.deepEqual([verdict.status, verdict.victim, verdict.worst], ['FAIL', 'shop', REST]);
  });
});
