import assert from 'node:assert/strict';
import { choosePoints } from '../../../bench/sweep/choose-points.ts';
import { seededRandom } from '../../../core/simulation/seeded-random.ts';
import type { SweepAxis } from '../../../core/sweep/sweep-axis.ts';
import { sweepPlanes } from '../../../core/sweep/sweep-plane.ts';
import { pointResult, sweptGrid } from '../../support/swept-points.ts';

const TENTHS = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);
const AXES: readonly SweepAxis[] = [
  { name: 'int', values: TENTHS },
  { name: 'ptr', values: TENTHS },
];

/** Stable up to int 0.5; where ptr is 0.1 nothing is known beyond. */
const [PLANE] = sweepPlanes(
  AXES,
  'grid',
  sweptGrid(AXES, ({ values: { int = 0, ptr = 0 } }) =>
    pointResult(int <= 0.5 ? {} : { fit: ptr === 0.1 ? 'UNKNOWN' : 'FAIL' }),
  ),
);
assert.ok(PLANE);
const plane = PLANE;

const draw = (seed: number, cellsOff = 1) => choosePoints(plane, cellsOff, 3, seededRandom(seed));

describe('points drawn at the boundary of a sweep', () => {
  it('are three on each side, a whole cell away from the boundary, each once', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const points = draw(seed);
      assert.deepEqual(
        points.map(({ values }) => values.int),
        [0.4, 0.4, 0.4, 0.7, 0.7, 0.7],
      );
      assert.equal(new Set(points.map(({ index }) => index)).size, 6);
    }
  });

  it('repeat with the seed, and differ without it', () => {
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
  });

  it('leave out points at which no gate fails', () => {
    for (let seed = 1; seed <= 50; seed++) {
      assert.ok(
        draw(seed)
          .slice(3)
          .every(({ values }) => values.ptr !== 0.1),
      );
    }
  });

  it('are refused where there are not enough', () => {
    assert.throws(() => draw(1, 6), /only 0 stable points lie 6 cells off/);
  });
});
