import assert from 'node:assert/strict';
import { story } from '../../../demo/story.ts';

const seconds = (chapters: ReturnType<typeof story>) => chapters.reduce((sum, chapter) => sum + chapter.seconds, 0);

describe('story()', () => {
  it('fills the time that it is given', () => {
    for (const given of [20, 60, 120, 200]) assert.ok(Math.abs(seconds(story(given)) - given) < 1e-9);
  });

  it('tells of every gate where there is time, and of overload where there is little', () => {
    const gates = (chapters: ReturnType<typeof story>) =>
      chapters.flatMap(({ fails }) => (fails === undefined ? [] : [fails.gate]));
    assert.deepEqual(gates(story(120)).sort(), ['fit', 'gluing', 'isolation', 'uv']);
    assert.deepEqual(gates(story(null)).sort(), ['fit', 'gluing', 'isolation', 'uv']);
    assert.deepEqual(gates(story(60)), ['fit']);
  });
});
