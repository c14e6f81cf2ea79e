import { deepEqual, equal } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { type ActionOrders, NO_ORDERS, OrderStore } from '../../../control-plane/state/order-store.ts';
import { silentLogger } from '../../support/check-fixture.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { waitFor } from '../../support/wait-for.ts';

const cancel =
  (id: string) =>
  (orders: ActionOrders): ActionOrders => ({ ...orders, cancelled: [...orders.cancelled, id] });

describe('order store on a real nats-server', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;
  const opened: OrderStore[] = [];

  const open = async (): Promise<OrderStore> => {
    const orders = await OrderStore.open(store, 'shop', silentLogger);
    opened.push(orders);
    return orders;
  };

  before(async () => {
    nats = await startNats('shop', []);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
  });

  after(async () => {
    for (const orders of opened) orders.stop();
    await connection?.close();
    await nats?.stop();
  });

  it('opens where nothing is ordered, also beside other keys of the bucket', async () => {
    deepEqual((await open()).orders, NO_ORDERS);
    await store.control.put('kernel.shop', 'a checkpoint');
    deepEqual((await open()).orders, NO_ORDERS);
  });

  it('shows an order at once where it was given and soon at the other replicas, and keeps it', async () => {
    const [here, there] = [await open(), await open()];
    const heard: boolean[] = [];
    const end = here.subscribe(({ orders }) => heard.push(orders.control.safeMode));
    await here.update((orders) => ({ ...orders, control: { safeMode: true, pausedUntilMs: 5 } }));
    end();
    deepEqual(heard, [false, true]);
    await waitFor('the other replica', async () => there.orders.control.safeMode);
    deepEqual((await open()).orders.control, { safeMode: true, pausedUntilMs: 5 });
  });

  it('loses no order when two replicas give one at the same time', async () => {
    const [one, two] = [await open(), await open()];
    await Promise.all([one.update(cancel('a')), two.update(cancel('b')), one.update(cancel('c'))]);
    deepEqual([...(await open()).orders.cancelled].sort(), ['a', 'b', 'c']);
  });

  it('takes what it cannot read for no order, and writes over it', async () => {
    for (const spoilt of ['no json', '{"control":{"safeMode":"yes"}}', '{"control":null,"cancelled":[]}']) {
      await store.control.put('orders.shop', spoilt);
      const orders = await open();
      deepEqual(orders.orders, NO_ORDERS, spoilt);
      await orders.update(cancel('d'));
      deepEqual((await open()).orders.cancelled, ['d']);
    }
    equal((await store.control.get('kernel.shop'))?.string(), 'a checkpoint');
  });
});
