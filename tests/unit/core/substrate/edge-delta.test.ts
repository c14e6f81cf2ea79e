import assert from 'node:assert/strict';
import { appendDelta, emptyDelta } from '../../../../core/substrate/edge-delta.ts';
import type { EdgeCounters } from '../../../../core/substrate/telemetry-frame.ts';
import { differenceEdge } from '../../../support/difference-edge.ts';
import { counters } from '../../../support/mesh-fixtures.ts';

const edge = (counts: Partial<EdgeCounters> = {}): EdgeCounters => counters('checkout', 'payment', counts);
/** Buckets with some answers in the first one. */
const buckets = (answers: number): number[] => edge().latencyBuckets.map((_, k) => (k === 0 ? answers : 0));

describe('difference of an edge (MATHS §B0)', () => {
  it('starts at zero for an edge that was not there before', () => {
    const delta = differenceEdge(undefined, edge({ offered: 7, refused: { fenced: 2 }, latencyBuckets: buckets(5) }));
    assert.deepEqual([delta?.offered, delta?.refused, delta?.latencyBuckets[0]], [7, { fenced: 2 }, 5]);
  });

  it('is missing where any counter fell or is no number', () => {
    const before = edge({ offered: 7, refused: { fenced: 2 }, latencyBuckets: buckets(5) });
    for (const bad of [6, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(differenceEdge(before, { ...before, offered: bad }), null, `offered ${bad}`);
    }
    for (const bad of [1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(differenceEdge(before, { ...before, refused: { fenced: bad } }), null, `refused ${bad}`);
      assert.equal(differenceEdge(before, { ...before, latencyBuckets: buckets(bad) }), null, `answers ${bad}`);
    }
  });

  it('keeps no more than 32 reasons apart, and takes histograms of any length', () => {
    const refused = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`reason-${i}`, 1]));
    const delta = differenceEdge(undefined, edge({ refused, latencyBuckets: [3] }));
    assert.equal(Object.keys(delta?.refused ?? {}).length, 32);
    assert.deepEqual(delta?.latencyBuckets, [3]);
  });

  it('adds what came later: counts add up, what is not cumulative is replaced', () => {
    const total = emptyDelta();
    for (const [calls, inFlight, level] of [
      [3, 9, 4],
      [5, 2, 1],
    ] as const) {
      const counted = edge({ offered: calls, inFlight, admittedLevelMax: level, refused: { fenced: calls } });
      appendDelta(total, differenceEdge(undefined, counted) ?? emptyDelta());
    }
    assert.deepEqual([total.offered, total.refused, total.inFlight, total.admittedLevelMax], [8, { fenced: 8 }, 2, 4]);
  });
});
