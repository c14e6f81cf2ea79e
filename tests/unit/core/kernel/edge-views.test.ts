import assert from 'node:assert/strict';
import { EdgeViews } from '../../../../core/kernel/edge-views.ts';
import { LATENCY_BUCKET_COUNT } from '../../../../core/substrate/latency-buckets.ts';

const answers = (count: number): number[] =>
  new Array<number>(LATENCY_BUCKET_COUNT).fill(0).map((_, k) => (k === 5 ? count : 0));

const seenBy = (views: EdgeViews): Record<string, number> =>
  Object.fromEntries(views.views().map(({ view, histogram }) => [view, histogram.reduce((sum, one) => sum + one, 0)]));

function watched(...nodes: string[]): EdgeViews {
  const views = new EdgeViews();
  for (const node of nodes) views.join(node, answers(1));
  return views;
}

describe('views of an edge (MATHS §B2a)', () => {
  it('are those of nodes that joined, and start anew for all when another joins', () => {
    const views = watched('node-1');
    views.add('node-1', answers(300));
    views.add('stranger', answers(300));
    assert.deepEqual(seenBy(views), { 'node-1': 300 });
    views.join('node-2', answers(0));
    assert.equal(views.size, 1, 'a node without answers is no view');
    views.join('node-2', answers(1));
    assert.deepEqual(seenBy(views), { 'node-1': 0, 'node-2': 0 });
  });

  it('reach further back while answers are few, and forget a node that answers nothing for a minute', () => {
    const views = watched('node-1', 'node-2');
    const play = (ticks: number, second: number): void => {
      for (let tick = 0; tick < ticks; tick++) {
        views.add('node-1', answers(100));
        views.add('node-2', answers(second));
        views.roll();
      }
    };
    play(10, 5);
    play(40, 0);
    assert.deepEqual(seenBy(views), { 'node-1': 5000, 'node-2': 50 });
    play(10, 0);
    assert.deepEqual(seenBy(views), { 'node-1': 1000 });
    const fewer = watched('node-1', 'node-2');
    for (let tick = 0; tick < 45; tick++) {
      for (const node of ['node-1', 'node-2']) fewer.add(node, answers(2));
      fewer.roll();
    }
    assert.deepEqual(seenBy(fewer), { 'node-1': 90, 'node-2': 90 });
    for (let tick = 0; tick < 70; tick++) views.roll();
    assert.equal(views.size, 0);
  });

  it('come back from a checkpoint with the blocks that hold nothing', () => {
    const views = watched('node-1', 'node-2');
    views.add('node-1', answers(7));
    for (let tick = 0; tick < 10; tick++) views.roll();
    const back = EdgeViews.fromPlain(views.toPlain());
    assert.deepEqual(back.views(), views.views());
    assert.deepEqual(back.toPlain(), views.toPlain());
  });
});
