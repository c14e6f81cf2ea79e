import assert from 'node:assert/strict';
import { ScratchList } from '../../../../core/kernel/scratch-list.ts';

describe('a scratch list', () => {
  it('hands out the same objects again, as many as are asked for', () => {
    let made = 0;
    const scratch = new ScratchList(() => ({ id: made++ }));
    scratch.at(1);
    const ids = (size: number) => scratch.first(size).map(({ id }) => id);
    assert.deepEqual([ids(0), ids(2), ids(4), ids(2)], [[], [0, 1], [0, 1, 2, 3], [0, 1]]);
    assert.equal(scratch.first(4)[1], scratch.at(1));
    assert.equal(made, 4);
  });
});
