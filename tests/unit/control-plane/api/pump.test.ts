import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { ApiError } from '../../../../control-plane/api/api-error.ts';
import { pump } from '../../../../control-plane/api/pump.ts';
import { until } from '../../../support/until.ts';

describe('pump', () => {
  let asked: number;
  let closed: boolean;
  let drain: EventEmitter;
  let written: number[];
  const signal = new AbortController().signal;

  async function* items(): AsyncGenerator<number> {
    try {
      for (asked = 1; asked <= 4; asked += 1) yield asked;
    } finally {
      closed = true;
    }
  }
  const write = (item: number): boolean => {
    written.push(item);
    return item % 2 === 1;
  };

  beforeEach(() => {
    [asked, closed, drain, written] = [0, false, new EventEmitter(), []];
  });

  it('asks for no item while the reader has no room', async () => {
    const pumped = pump(items(), write, drain, signal);
    await until(() => drain.listenerCount('drain') === 1);
    assert.deepEqual([asked, written], [2, [1, 2]]);
    drain.emit('drain');
    await until(() => written.length === 4 && drain.listenerCount('drain') === 1);
    drain.emit('drain');
    await pumped;
    assert.deepEqual([written, closed, drain.listenerCount('drain')], [[1, 2, 3, 4], true, 0]);
  });

  it('lets a reader go that takes nothing for too long, and gives the items back', async () => {
    const pumped = pump(items(), write, drain, signal, 1);
    await assert.rejects(pumped, (error) => error instanceof ApiError && error.code === 'busy');
    assert.deepEqual([asked, closed, drain.listenerCount('drain')], [2, true, 0]);
  });

  it('ends when the reader has gone', async () => {
    const aborter = new AbortController();
    const pumped = pump(items(), write, drain, aborter.signal);
    await until(() => drain.listenerCount('drain') === 1);
    aborter.abort();
    await pumped;
    assert.deepEqual([written, closed], [[1, 2], true]);
  });
});
