import { isDeepStrictEqual } from 'node:util';
import type { OrderStore, StoredOrders } from '../state/order-store.ts';
import type { KernelLoop } from './kernel-loop.ts';
import type { OrderEvents } from './order-events.ts';

/**
 * Tells the kernel what is ordered about actions, first everything that is
 * stored and then every change. Returns the way to end that.
 */
export function followOrders(
  store: Pick<OrderStore, 'subscribe'>,
  kernel: Pick<KernelLoop, 'setActionControl' | 'cancelAction'>,
): () => void {
  let before: StoredOrders | null = null;
  return store.subscribe((stored) => {
    const { control, cancelled } = stored.orders;
    if (!isDeepStrictEqual(before?.orders.control, control)) kernel.setActionControl(control);
    for (const id of cancelled) {
      if (before === null || !before.orders.cancelled.includes(id)) kernel.cancelAction(id);
    }
    before = stored;
  });
}

/** Tells the event stream every order that is new. Returns the way to end that. */
export function tellOrders(store: Pick<OrderStore, 'subscribe'>, events: Pick<OrderEvents, 'tell'>): () => void {
  let before: StoredOrders | null = null;
  return store.subscribe((stored) => {
    const messages = before === null ? [] : changes(before, stored);
    if (messages.length > 0) events.tell(messages.join(', '), `orders.${stored.revision}`);
    before = stored;
  });
}

function changes({ orders: before }: StoredOrders, { orders: after }: StoredOrders): string[] {
  const messages: string[] = [];
  if (before.control.safeMode !== after.control.safeMode) {
    messages.push(after.control.safeMode ? 'safe mode on: no actions' : 'safe mode off');
  }
  const { pausedUntilMs } = after.control;
  if (before.control.pausedUntilMs !== pausedUntilMs) {
    const isPaused = pausedUntilMs > 0;
    messages.push(isPaused ? `new actions paused until ${new Date(pausedUntilMs).toISOString()}` : 'actions resumed');
  }
  const cancelled = after.cancelled.filter((id) => !before.cancelled.includes(id));
  return [...messages, ...cancelled.map((id) => `action ${id} cancelled`)];
}
