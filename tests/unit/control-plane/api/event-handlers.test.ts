import assert from 'node:assert/strict';
import { ApiError } from '../../../../control-plane/api/api-error.ts';
import { EventHandlers } from '../../../../control-plane/api/event-handlers.ts';
import { loadMessageRules } from '../../../../platform/validate-message.ts';
import { WatchEventsRequest } from '../../../../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityEvent } from '../../../../proto/gen/capmesh/v1/events.ts';

describe('event handlers', () => {
  before(loadMessageRules);

  it('serve so many readers at a time and no more, and another one when one has ended', async () => {
    const watch = async () => ({
      after: 0,
      events: (async function* () {
        for (;;) yield CapacityEvent.fromPartial({ kind: 'grant' });
      })(),
    });
    const handlers = new EventHandlers({ watch }, { wallMs: () => 0 });
    const open = async (): Promise<AsyncIterator<CapacityEvent>> => {
      const { events } = await handlers.watch(WatchEventsRequest.fromPartial({}), new AbortController().signal);
      const reader = events[Symbol.asyncIterator]();
      await reader.next();
      return reader;
    };
    const readers: AsyncIterator<CapacityEvent>[] = [];
    const isBusy = (error: unknown): boolean => error instanceof ApiError && error.code === 'busy';
    await assert.rejects(async () => {
      for (;;) readers.push(await open());
    }, isBusy);
    assert.equal(readers.length, 256);
    await readers.pop()?.return?.();
    readers.push(await open());
    await assert.rejects(open, isBusy);
  });
});
