import assert from 'node:assert/strict';
import { NumberRows } from '../../../../core/substrate/number-rows.ts';

describe('rows of numbers', () => {
  it('are 0 at first and belong to one owner each, over several blocks', () => {
    const rows = new NumberRows(3);
    const taken = Array.from({ length: 200 }, () => rows.take());
    for (const [i, { numbers, start }] of taken.entries()) {
      assert.deepEqual([...numbers.subarray(start, start + 3)], [0, 0, 0], `row ${i} is used already`);
      numbers.fill(i + 1, start, start + 3);
    }
    for (const [i, { numbers, start }] of taken.entries()) {
      assert.deepEqual([...numbers.subarray(start, start + 3)], [i + 1, i + 1, i + 1]);
    }
  });

  it('stand a stride apart where an owner has several, beside those of the next owner', () => {
    const rows = new NumberRows(2, 3);
    const [a, b] = [rows.take(), rows.take()];
    assert.equal(a.numbers, b.numbers);
    assert.equal(b.start, a.start + 2);
    assert.ok(rows.stride >= 4);
    assert.ok(a.start + 2 * rows.stride + 2 < a.numbers.length);
    const last = Array.from({ length: 62 }, () => rows.take()).at(-1);
    assert.equal(last?.numbers, a.numbers);
    assert.ok((last?.start ?? 0) + 2 <= a.start + rows.stride);
  });

  it('share few blocks', () => {
    const rows = new NumberRows(2);
    const blocks = new Set(Array.from({ length: 128 }, () => rows.take().numbers));
    assert.equal(blocks.size, 2);
  });
});
