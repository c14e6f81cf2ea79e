import assert from 'node:assert/strict';
import { Agenda } from '../../../../core/simulation/agenda.ts';
import { type ServiceBehaviour, slowdownFactor } from '../../../../core/simulation/service-behaviour.ts';
import { type QueuedWork, ServiceQueue } from '../../../../core/simulation/service-queue.ts';

interface Job extends QueuedWork {
  readonly name: string;
}

/** A queue whose story is a list of `name time`. */
function storyOf(behaviour: Partial<ServiceBehaviour>) {
  const agenda = new Agenda();
  const served: string[] = [];
  const released: string[] = [];
  const queue = new ServiceQueue<Job>({ servers: 1, workMs: 0, ...behaviour }, agenda, {
    served: (nowSec, { name }) => served.push(`${name} ${Number(nowSec.toFixed(6))}`),
    released: ({ name }) => released.push(name),
  });
  const enter = (name: string, nowSec: number, workSec = 1): { job: Job; taken: boolean } => {
    agenda.runTo(nowSec);
    const job = { name, workSec, waits: false };
    return { job, taken: queue.enter(nowSec, job) };
  };
  return { agenda, queue, served, released, enter };
}

describe('queue of a simulated service', () => {
  it('serves first come, first served, with as many servers as there are', () => {
    const { agenda, served, enter } = storyOf({ endpoints: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name, 0);
    agenda.runTo(10);
    assert.deepEqual(served, ['a 1', 'b 1', 'c 2', 'd 2', 'e 3']);
  });

  it('does not begin a call whose caller has left, and ends one that it has begun', () => {
    const { agenda, queue, served, released, enter } = storyOf({});
    enter('working', 0);
    const { job } = enter('gone', 0);
    enter('next', 0);
    assert.equal(queue.held, 3);
    queue.leave(job);
    assert.equal(queue.held, 2);
    agenda.runTo(10);
    assert.deepEqual(served, ['working 1', 'next 2']);
    assert.deepEqual(released, ['gone']);
    assert.equal(queue.held, 0);
  });

  it('takes in no more than may wait, and again when somebody has left', () => {
    const { queue, enter } = storyOf({ queueMax: 2 });
    assert.equal(enter('working', 0).taken, true);
    const { job } = enter('first', 0);
    enter('second', 0);
    assert.equal(enter('third', 0).taken, false);
    assert.equal(queue.held, 3);
    queue.leave(job);
    assert.equal(enter('fourth', 0).taken, true);
  });

  it('works longer the more it holds, by the Universal Scalability Law of calls per server (MATHS §B1)', () => {
    const slowdown = { contention: 0.1, coherency: 0.02 };
    assert.equal(slowdownFactor(slowdown, 8, 8), 1);
    assert.equal(slowdownFactor(slowdown, 3, 8), 1);
    // m = 3: 1 + 0.1·2 + 0.02·3·2
    assert.ok(Math.abs(slowdownFactor(slowdown, 24, 8) - 1.32) < 1e-12);
    assert.equal(slowdownFactor(undefined, 24, 8), 1);
    const { agenda, served, enter } = storyOf({ slowdown: { contention: 0.5 } });
    enter('alone', 0);
    enter('second', 0);
    enter('third', 0);
    agenda.runTo(10);
    // The first begins alone, the second while two are held, the third alone again.
    assert.deepEqual(served, ['alone 1', 'second 2.5', 'third 3.5']);
  });

  it('is slower while it is told so, and while an endpoint is cold', () => {
    const { agenda, queue, served, enter } = storyOf({});
    queue.slowness = 3;
    enter('slow', 0);
    agenda.runTo(3);
    queue.slowness = 1;
    queue.stopEndpoint(0);
    queue.startEndpoint(0, 3, 1);
    enter('cold', 3);
    agenda.runTo(5);
    enter('warm', 5);
    agenda.runTo(10);
    assert.deepEqual(served, ['slow 3', 'cold 5', 'warm 6']);
  });

  it('gives a stopped endpoint nothing new, ends what it has, and goes on where one starts', () => {
    const { agenda, queue, served, enter } = storyOf({ endpoints: 2 });
    enter('a', 0);
    enter('b', 0);
    enter('c', 0);
    queue.stopEndpoint(0);
    agenda.runTo(1);
    assert.deepEqual(served, ['a 1', 'b 1']);
    queue.stopEndpoint(1);
    agenda.runTo(1.5);
    enter('d', 1.5);
    agenda.runTo(5);
    assert.deepEqual(served, ['a 1', 'b 1', 'c 2']);
    queue.startEndpoint(2, 5);
    agenda.runTo(10);
    assert.deepEqual(served, ['a 1', 'b 1', 'c 2', 'd 6']);
  });
});
