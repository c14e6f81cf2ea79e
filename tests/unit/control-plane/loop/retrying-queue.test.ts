import assert from 'node:assert/strict';
import { RetryingQueue } from '../../../../control-plane/loop/retrying-queue.ts';

describe('RetryingQueue', () => {
  it('sends in order and tries a refused item again', async () => {
    const stored: number[] = [];
    const errors: unknown[] = [];
    let refusals = 2;
    const queue = new RetryingQueue<number>({
      send: async (item) => {
        if (item === 2 && refusals-- > 0) throw new Error('not now');
        stored.push(item);
      },
      onError: (error) => errors.push(error),
      waitingMax: 10,
      retryMs: 0,
    });
    for (const item of [1, 2, 3]) queue.push(item);
    await queue.drained();
    assert.deepEqual(stored, [1, 2, 3]);
    assert.equal(errors.length, 2);
    assert.equal(queue.dropped, 0);
  });

  it('drops the oldest beyond its bound and says how many', async () => {
    const stored: number[] = [];
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const queue = new RetryingQueue<number>({
      send: async (item) => {
        await gate;
        stored.push(item);
      },
      onError: () => {},
      waitingMax: 2,
    });
    for (const item of [1, 2, 3, 4]) queue.push(item);
    assert.equal(queue.dropped, 2);
    assert.equal(queue.waiting, 2);
    open();
    await queue.drained();
    assert.deepEqual(stored.slice(-2), [3, 4]);
  });

  it('sends nothing more once it is stopped', async () => {
    const stored: number[] = [];
    const queue = new RetryingQueue<number>({
      send: async (item) => {
        stored.push(item);
      },
      onError: () => {},
      waitingMax: 2,
    });
    queue.stop();
    queue.push(1);
    await queue.drained();
    assert.deepEqual(stored, []);
  });
});
