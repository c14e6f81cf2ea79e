import assert from 'node:assert/strict';
import { followOrders, tellOrders } from '../../../../control-plane/loop/follow-orders.ts';
import { type ActionOrders, NO_ORDERS, type StoredOrders } from '../../../../control-plane/state/order-store.ts';

/** A store that shows what it is told to. */
function source() {
  const listeners = new Set<(stored: StoredOrders) => void>();
  let revision = 0;
  return {
    subscribe: (take: (stored: StoredOrders) => void) => {
      listeners.add(take);
      return () => listeners.delete(take);
    },
    show: (orders: ActionOrders) => {
      revision += 1;
      for (const listener of listeners) listener({ orders, revision });
    },
  };
}

describe('followOrders', () => {
  let store: ReturnType<typeof source>;
  let kernel: string[];
  let events: string[];
  let end: () => void;

  beforeEach(() => {
    store = source();
    kernel = [];
    events = [];
    const ends = [
      followOrders(store, {
        setActionControl: ({ safeMode, pausedUntilMs }) => kernel.push(`control ${safeMode} ${pausedUntilMs}`),
        cancelAction: (id) => kernel.push(`cancel ${id}`),
      }),
      tellOrders(store, { tell: (message, id) => events.push(`${id}: ${message}`) }),
    ];
    end = () => ends.map((each) => each());
  });

  it('tells the kernel everything that is stored when it starts, and nobody else', () => {
    store.show({ control: { safeMode: true, pausedUntilMs: 7 }, cancelled: ['a', 'b'] });
    assert.deepEqual(kernel, ['control true 7', 'cancel a', 'cancel b']);
    assert.deepEqual(events, []);
  });

  it('tells kernel and events only what is new', () => {
    store.show(NO_ORDERS);
    store.show({ control: { safeMode: true, pausedUntilMs: 0 }, cancelled: [] });
    store.show({ control: { safeMode: true, pausedUntilMs: 0 }, cancelled: ['a'] });
    store.show({ control: { safeMode: false, pausedUntilMs: 1_800_000_000_000 }, cancelled: ['a', 'b'] });
    store.show({ control: { safeMode: false, pausedUntilMs: 0 }, cancelled: ['b'] });
    assert.deepEqual(kernel, [
      'control false 0',
      'control true 0',
      'cancel a',
      'control false 1800000000000',
      'cancel b',
      'control false 0',
    ]);
    assert.deepEqual(events, [
      'orders.2: safe mode on: no actions',
      'orders.3: action a cancelled',
      'orders.4: safe mode off, new actions paused until 2027-01-15T08:00:00.000Z, action b cancelled',
      'orders.5: actions resumed',
    ]);
  });

  it('hears nothing more when it is over', () => {
    end();
    store.show(NO_ORDERS);
    assert.deepEqual(kernel, []);
  });
});
