import assert from 'node:assert/strict';
import { median, toCell, toRows } from '../../../bench/overload/cell.ts';

const totals = {
  offered: 100,
  ok: 60,
  good: 55,
  refused: { 'breaker-open': 30 },
  errors: { 504: 10 },
  overflow: 0,
  p50Ms: 20,
  p99Ms: 40,
};

describe('toCell()', () => {
  it('counts good answers a second and the share not served', () => {
    const cell = toCell('capmesh', 4, 5, totals);
    assert.deepEqual([cell.goodputRps, cell.offeredRps, cell.refusedRatio, cell.unexpected], [11, 20, 0.4, 0]);
  });

  it('expects a bare 503 of peers, never of Capmesh, which names its reason', () => {
    const bare = { ...totals, errors: { 503: 10 } };
    assert.equal(toCell('adaptive', 4, 5, bare).unexpected, 0);
    assert.equal(toCell('capmesh', 4, 5, bare).unexpected, 10);
  });

  it('expects no other status, no transport failure and no call left unsent', () => {
    const broken = { ...totals, errors: { 403: 1, 500: 2, ECONNREFUSED: 4, 504: 8 }, overflow: 16 };
    assert.equal(toCell('none', 4, 5, broken).unexpected, 1 + 2 + 4 + 16);
  });
});

describe('toRows()', () => {
  it('takes medians per peer and load and measures them against what could be had', () => {
    const runs = [30, 10, 20].map((goodputRps) => ({ ...toCell('a', 2, 1, totals), goodputRps, offeredRps: 80 }));
    const low = { ...toCell('a', 0.5, 1, totals), goodputRps: 20, offeredRps: 20, unexpected: 3 };
    const rows = toRows([...runs, low], 40);
    assert.deepEqual(
      rows.map(({ load, goodputRps, share, runs: count, unexpected }) => [load, goodputRps, share, count, unexpected]),
      [
        [0.5, 20, 1, 1, 3],
        [2, 20, 0.5, 3, 0],
      ],
    );
  });
});

describe('median()', () => {
  it('is the middle, or the mean of the two in the middle', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });
});
