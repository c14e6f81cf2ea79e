import assert from 'node:assert/strict';
import {
  boundaryDistance,
  cellsAtDistance,
  regionBoundary,
  type StableCells,
} from '../../../../core/sweep/stable-region.ts';

/** Rows upwards as in the picture: `#` stable, `-` not, `.` not evaluated. */
const cells = (...lines: string[]): StableCells =>
  lines.reverse().map((line) => [...line].map((mark) => (mark === '.' ? null : mark === '#')));

const side = (fromColumn: number, fromRow: number, toColumn: number, toRow: number) => ({
  fromColumn,
  fromRow,
  toColumn,
  toRow,
});

describe('the boundary of the stable region', () => {
  it('runs between cells of different kinds, on every side', () => {
    assert.deepEqual(regionBoundary(cells('---', '##-')), [side(0, 1, 1, 1), side(2, 0, 2, 1), side(1, 1, 2, 1)]);
  });

  it('encloses an island', () => {
    assert.equal(regionBoundary(cells('---', '-#-', '---')).length, 4);
  });

  it('does not run along cells that were not evaluated, nor around the whole plane', () => {
    assert.deepEqual(regionBoundary(cells('..', '##')), []);
    assert.deepEqual(regionBoundary(cells('##', '##')), []);
    assert.deepEqual(regionBoundary([]), []);
  });
});

describe('the distance from the boundary', () => {
  const plane = cells('-----', '###--', '####-', '####-');

  it('counts steps to the nearest cell of the other kind', () => {
    const distances = plane.map((line, row) =>
      line.map((_, column) => boundaryDistance(plane, { row, column })).join(''),
    );
    assert.deepEqual(distances.reverse(), ['11123', '11112', '22211', '33211']);
  });

  it('is unknown for cells that were not evaluated, and where all are of one kind', () => {
    assert.equal(boundaryDistance(cells('.#'), { row: 0, column: 0 }), null);
    assert.equal(boundaryDistance(cells('##'), { row: 0, column: 0 }), null);
    assert.equal(boundaryDistance(cells('.##-'), { row: 0, column: 1 }), 2);
  });

  it('finds the cells of a kind that lie so far off', () => {
    assert.deepEqual(cellsAtDistance(plane, true, 3), [
      { row: 0, column: 0 },
      { row: 0, column: 1 },
    ]);
    assert.deepEqual(cellsAtDistance(plane, false, 3), [{ row: 3, column: 4 }]);
  });
});
