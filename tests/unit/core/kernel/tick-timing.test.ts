import assert from 'node:assert/strict';
import { TickTiming } from '../../../../core/kernel/tick-timing.ts';

describe('TickTiming', () => {
  it('ticks when every live node has sent a frame', () => {
    const timing = new TickTiming(0);
    timing.frameArrived('a', 1000);
    timing.frameArrived('b', 1010);
    assert.equal(timing.isDue(1010), true);
    timing.ticked(1010);
    timing.frameArrived('a', 2000);
    assert.equal(timing.isDue(2000), false, 'b is still to come');
    timing.frameArrived('b', 2010);
    assert.equal(timing.isDue(2010), true);
  });

  it('ticks after 1.25 s even if a node is late', () => {
    const timing = new TickTiming(0);
    assert.equal(timing.isDue(1249), false);
    assert.equal(timing.isDue(1250), true);
    assert.equal(timing.untilDeadlineMs(1000), 250);
    assert.equal(timing.untilDeadlineMs(9000), 0);
  });

  it('does not wait for a node that has been silent for three seconds', () => {
    const timing = new TickTiming(0);
    timing.frameArrived('gone', 100);
    timing.frameArrived('here', 3000);
    timing.ticked(3000);
    timing.frameArrived('here', 4000);
    assert.equal(timing.isDue(4000), true);
  });

  it('makes no tick of a frame that comes right after one', () => {
    const timing = new TickTiming(0);
    timing.frameArrived('a', 1000);
    timing.ticked(1000);
    timing.frameArrived('a', 1100);
    assert.equal(timing.isDue(1100), false);
  });
});
