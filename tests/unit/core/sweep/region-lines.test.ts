import assert from 'node:assert/strict';
import { regionLines } from '../../../../core/sweep/region-lines.ts';
import type { SweepAxis } from '../../../../core/sweep/sweep-axis.ts';
import { sweepPlanes } from '../../../../core/sweep/sweep-plane.ts';
import { pointResult, sweptGrid } from '../../../support/swept-points.ts';

const AXES: readonly SweepAxis[] = [
  { name: 'int', values: [0.2, 0.4, 1] },
  { name: 'ptr', values: [0.5, 1] },
];

describe('the stable region as lines', () => {
  it('shows rows upwards, the gate that fails and how much of each row is stable', () => {
    const points = sweptGrid(AXES, ({ index }) =>
      pointResult(index === 5 ? { uv: 'FAIL', isolation: 'FAIL' } : index === 4 ? { gluing: 'UNKNOWN' } : {}),
    );
    const [plane] = sweepPlanes(AXES, 'grid', points);
    assert.ok(plane);
    assert.deepEqual(regionLines(plane), [
      ' ptr',
      '   1    #   ?   U   1 of 3',
      ' 0.5    #   #   #   3 of 3',
      '      0.2 0.4   1   int',
    ]);
  });

  it('shows paired axes in one line', () => {
    const points = sweptGrid(AXES.slice(0, 1), () => pointResult());
    const paired = sweepPlanes([AXES[0], { name: 'ptr', values: [0.5, 1, 1] }] as SweepAxis[], 'paired', points);
    assert.equal(paired.length, 1);
    assert.deepEqual(regionLines(paired[0] as NonNullable<(typeof paired)[0]>), [
      '         #       #       #   3 of 3',
      '   0.2/0.5   0.4/1     1/1   int/ptr',
    ]);
  });
});
