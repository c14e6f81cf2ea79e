import assert from 'node:assert/strict';
import { GLUING_K, type GluingInput, gluingGate } from '../../../../core/gates/gluing.ts';
import { suspectView } from '../../../../core/gates/replica-views.ts';
import { configLag, ledgerDifference } from '../../../../core/gates/state-views.ts';
import {
  compareCounts,
  compareHistograms,
  familyK,
  inFlightBound,
  ksDistance,
  sampleCap,
} from '../../../../core/gates/view-disagreement.ts';

const usual = [5, 40, 160, 300, 250, 140, 70, 25, 8, 2];
const slower = [0, ...usual.slice(0, -1)];
const times = (histogram: number[], factor: number) => histogram.map((count) => count * factor);
const nothing: GluingInput = { distributions: [], counters: [], config: null, ledger: null, k: GLUING_K, geo: null };
const replicas = (histograms: Record<string, number[]>, name = 'payment') => ({
  name,
  views: Object.entries(histograms).map(([view, histogram]) => ({ view, histogram })),
});

describe('gluing statistics (MATHS §B2)', () => {
  it('measure a KS distance of 0 for equal shapes and 1 for disjoint ones', () => {
    assert.equal(ksDistance(usual, times(usual, 7)), 0);
    assert.equal(ksDistance([10, 0, 0], [0, 0, 3]), 1);
    assert.ok(Number.isNaN(ksDistance([0, 0], [1, 1])));
  });

  it('cap the samples at 10^(2+2·C_geo), a null level counting 1', () => {
    assert.deepEqual([sampleCap(0), sampleCap(0.5), sampleCap(1), sampleCap(null)], [100, 1000, 10_000, 10_000]);
    const alike = compareHistograms(times(usual, 1e6), times([...usual.slice(0, -1), 4], 1e6), {
      k: 3,
      samplesMax: sampleCap(null),
    });
    assert.ok(alike.ratio < 0.1, 'a difference of 0.2 % is harmless however many calls prove it');
  });

  it('raise k with the number of comparisons so that the family keeps its α', () => {
    for (const m of [1, 10, 1000]) {
      const alpha = 2 * Math.exp(-(GLUING_K ** 2));
      assert.ok(Math.abs(familyK(GLUING_K, m) - Math.sqrt(Math.log((2 * m) / alpha))) < 1e-12);
    }
  });

  it('forgive what may be in flight at the ends of the window', () => {
    const bound = inFlightBound(8, 8, 400, 0);
    assert.equal(compareCounts({ out: 4000, in: 3992, inFlightBound: bound }, { k: 3, samplesMax: 1e4 }).ratio, 0);
    assert.equal(inFlightBound(8, 8, 400, 0.1), 56);
  });

  it('weigh nodes that lag by their traffic, and equally without traffic', () => {
    const nodes = [
      { node: 'node-1', calls: 990, behindMs: 0 },
      { node: 'node-2', calls: 10, behindMs: 31_000 },
      { node: 'node-3', calls: 0, behindMs: 30_000 },
    ];
    assert.deepEqual(configLag(nodes), { laggingShare: 0.01, laggard: 'node-2' });
    const idle = configLag(nodes.map((node) => ({ ...node, calls: 0 })));
    assert.deepEqual(idle, { laggingShare: 1 / 3, laggard: 'node-2' });
    assert.deepEqual(configLag([]), { laggingShare: 0, laggard: '' });
  });

  it('measure the ledger against the budget', () => {
    assert.ok(Math.abs(ledgerDifference([0.3, 0.205], 0.5, 1) - 0.005) < 1e-12);
    assert.equal(ledgerDifference([], 0, 0), 0);
    assert.equal(ledgerDifference([0.1], 0, 0), Number.POSITIVE_INFINITY);
  });
});

describe('gluing gate', () => {
  it('gives 0 in the worked example (CONTRACT §I)', () => {
    const counters = [{ edge: 'checkout/payment', out: 4000, in: 3992, inFlightBound: 16 }];
    const verdict = gluingGate({
      ...nothing,
      counters,
      config: configLag([{ node: 'node-1', calls: 4000, behindMs: 0 }]),
    });
    assert.deepEqual([verdict.status, verdict.ratio, verdict.worst], ['PASS', 0, '']);
  });

  it('is NOT_APPLICABLE where nothing overlaps', () => {
    assert.equal(gluingGate(nothing).status, 'NOT_APPLICABLE');
    assert.equal(gluingGate({ ...nothing, distributions: [replicas({ a: usual })] }).reason, 'no-overlap');
  });

  it('skips views with fewer than 20 answers and is UNKNOWN if that leaves nothing', () => {
    const distributions = [replicas({ a: usual, b: [0, 0, 0, 0, 0, 0, 0, 0, 0, 19] })];
    assert.deepEqual(gluingGate({ ...nothing, distributions }).reason, 'insufficient_mass');
    assert.equal(
      gluingGate({ ...nothing, distributions, ledger: [{ account: 'batch', difference: 0 }] }).status,
      'PASS',
    );
    const counters = [{ edge: 'a/b', out: 19, in: 19, inFlightBound: 0 }];
    assert.equal(gluingGate({ ...nothing, counters }).reason, 'insufficient_mass');
  });

  it('blames the slow replica of three', () => {
    const verdict = gluingGate({ ...nothing, distributions: [replicas({ a: usual, b: slower, c: usual })] });
    assert.equal(verdict.status, 'FAIL');
    assert.equal(verdict.worst, 'b');
    assert.equal(verdict.evidence.comparisons, 3);
  });

  it('blames the slow replica even where it carries most of the traffic', () => {
    const mixed = { a: usual, b: times(slower, 50), c: usual, d: usual };
    const verdict = gluingGate({ ...nothing, distributions: [replicas(mixed)] });
    assert.equal(verdict.worst, 'b');
  });

  it('blames nobody of two that differ, unless another overlap tells them apart', () => {
    const pair = replicas({ a: usual, b: slower }, 'payment');
    const verdict = gluingGate({ ...nothing, distributions: [pair] });
    assert.deepEqual([verdict.status, verdict.worst, verdict.evidence.comparisons], ['FAIL', 'payment', 1]);
    const other = replicas({ b: slower, c: usual, d: usual }, 'inventory');
    assert.equal(gluingGate({ ...nothing, distributions: [pair, other] }).worst, 'b');
  });

  it('blames of two the one that agrees with nobody', () => {
    const pair = replicas({ a: slower, b: usual }, 'payment');
    const other = replicas({ b: usual, c: usual, d: [7, 43, 151, 287, 267, 134, 74, 29, 5, 3] });
    assert.equal(gluingGate({ ...nothing, distributions: [pair, other] }).worst, 'a');
  });

  it('blames the view behind the largest difference before one that differs less but more often', () => {
    const bent = [15, 100, 240, 320, 200, 80, 35, 7, 2, 1];
    const routes = Array.from({ length: 5 }, (_, i) =>
      replicas({ a: usual, b: i === 0 ? slower : usual, c: bent, d: usual, e: usual }, `route-${i}`),
    );
    assert.equal(gluingGate({ ...nothing, distributions: routes }).worst, 'b');
    assert.equal(gluingGate({ ...nothing, distributions: routes.slice(1) }).worst, 'c');
  });

  it('names the edge whose ends count differently', () => {
    const counters = [
      { edge: 'checkout/payment', out: 4000, in: 4000, inFlightBound: 16 },
      { edge: 'batch/payment', out: 2000, in: 0, inFlightBound: 16 },
    ];
    const verdict = gluingGate({ ...nothing, counters });
    assert.deepEqual([verdict.status, verdict.worst], ['FAIL', 'batch/payment']);
    assert.equal(gluingGate({ ...nothing, counters, clockSkewSec: 6 }).reason, 'clock');
  });

  it('names the lagging node and the account that does not add up', () => {
    const config = { laggingShare: 0.02, laggard: 'node-2' };
    assert.deepEqual(gluingGate({ ...nothing, config }).worst, 'node-2');
    const ledger = [
      { account: 'batch', difference: 0.04 },
      { account: 'checkout', difference: 0.01 },
    ];
    const verdict = gluingGate({ ...nothing, config, ledger });
    assert.deepEqual([verdict.status, verdict.ratio, verdict.worst], ['FAIL', 4, 'batch']);
  });

  it('is UNKNOWN when more than a twentieth of the views is unusable, yet fails on what the others prove', () => {
    const broken = { edge: 'x/y', out: Number.NaN, in: 10, inFlightBound: 0 };
    const good = { edge: 'a/b', out: 4000, in: 4000, inFlightBound: 0 };
    assert.equal(gluingGate({ ...nothing, counters: [broken, good] }).reason, 'nonfinite');
    const bad = { edge: 'a/b', out: 4000, in: 400, inFlightBound: 0 };
    assert.equal(gluingGate({ ...nothing, counters: [broken, bad] }).status, 'FAIL');
    for (const torn of [[1, 2, 3], times(usual, -1), [...usual.slice(1), Number.NaN]]) {
      assert.equal(gluingGate({ ...nothing, distributions: [replicas({ a: usual, b: torn })] }).reason, 'nonfinite');
      const joined = gluingGate({ ...nothing, distributions: [replicas({ a: usual, b: torn, c: usual })] });
      assert.deepEqual([joined.reason, joined.evidence.u_distribution], ['nonfinite', 0]);
    }
    const ledger = [Number.NaN, 0.005].map((difference) => ({ account: 'batch', difference }));
    assert.equal(gluingGate({ ...nothing, ledger }).reason, 'nonfinite');
    const config = { laggingShare: Number.NaN, laggard: '' };
    assert.equal(gluingGate({ ...nothing, config }).status, 'UNKNOWN');
  });

  it('finds the suspect among 64 replicas', () => {
    const all = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`node-${i}`, i === 41 ? slower : usual]));
    assert.equal(suspectView([replicas(all)], { k: familyK(GLUING_K, 64), samplesMax: 1e4 }), 'node-41');
  });
});
