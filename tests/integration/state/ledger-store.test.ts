import { deepEqual, equal } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { withEvent } from '../../../control-plane/state/account.ts';
import type { EventFilter } from '../../../control-plane/state/event-filter.ts';
import { EventStore } from '../../../control-plane/state/event-store.ts';
import { LedgerStore } from '../../../control-plane/state/ledger-store.ts';
import { EVENTS_STREAM, openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { UNLIMITED } from '../../../core/capacity/capacity-vector.ts';
import { systemClock } from '../../../platform/clock.ts';
import { createLogger } from '../../../platform/logger.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { waitFor } from '../../support/wait-for.ts';

const logger = createLogger('test');
const grant = (jti: string, expiresAtMs: number) => ({ jti, vector: UNLIMITED, issuedAtMs: 0, expiresAtMs });

describe('ledger and events on a real nats-server', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;

  before(async () => {
    nats = await startNats('shop', []);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
  });

  after(async () => {
    await connection?.close();
    await nats?.stop();
  });

  it('loses no grant when two replicas write one account at once', async () => {
    const replicas = [await LedgerStore.open(store, logger), await LedgerStore.open(store, logger)];
    const names = Array.from({ length: 10 }, (_, index) => `g${index}`);
    await Promise.all(
      names.map((jti, index) =>
        replicas[index % 2]?.update('checkout', 1000, (account) => ({
          account: { ...account, grants: [...account.grants, grant(jti, 2000)] },
          result: undefined,
        })),
      ),
    );
    const fresh = await LedgerStore.open(store, logger);
    deepEqual(
      fresh
        .account('checkout')
        .grants.map(({ jti }) => jti)
        .sort(),
      names,
    );
    for (const ledger of [...replicas, fresh]) {
      ledger.stop();
    }
  });

  it('drops expired grants with the next write', async () => {
    const ledger = await LedgerStore.open(store, logger);
    await ledger.update('checkout', 2000, (account) => ({
      account: { ...account, grants: [...account.grants, grant('late', 9000)] },
      result: undefined,
    }));
    deepEqual(
      ledger.account('checkout').grants.map(({ jti }) => jti),
      ['late'],
    );
    ledger.stop();
  });

  it('holds events until they are published, also over a restart', async () => {
    const first = await LedgerStore.open(store, logger);
    await first.update('batch', 0, (account) => ({ account: withEvent(account, 'one', 5), result: undefined }));
    first.stop();
    const second = await LedgerStore.open(store, logger);
    const event = { number: 1, message: 'one', wallMs: 5 };
    deepEqual(second.unpublishedEvents('batch'), [event]);
    second.markPublished('batch', event.number);
    deepEqual(second.unpublishedEvents('batch'), []);
    await second.update('batch', 0, (account) => ({ account: withEvent(account, 'two', 6), result: undefined }));
    deepEqual(
      second.account('batch').events.map(({ number }) => number),
      [2],
    );
    second.stop();
  });

  it('knows what others write, also after the store was away', async () => {
    const [writer, reader] = [await LedgerStore.open(store, logger), await LedgerStore.open(store, logger)];
    const admit = (jti: string) =>
      writer.update('web', 1000, (account) => ({
        account: { ...account, grants: [...account.grants, grant(jti, 9000)] },
        result: undefined,
      }));
    const knows = (jti: string) =>
      waitFor(`the grant ${jti}`, async () => reader.account('web').grants.some((each) => each.jti === jti));
    await admit('before');
    await knows('before');
    await nats.restart();
    await waitFor('the connection', async () => (await connection.rtt()) >= 0);
    await admit('after');
    await knows('after');
    writer.stop();
    reader.stop();
  });

  it('keeps events in order, once per id, from any sequence on', async () => {
    const events = new EventStore(store, systemClock);
    const event = (workloadId: string, message: string) =>
      CapacityEvent.fromPartial({ workloadId, message, kind: 'grant' });
    const first = await events.publish(event('checkout', '1'), 'checkout.1');
    equal(await events.publish(event('checkout', '1'), 'checkout.1'), first);
    await events.publish(event('', 'mesh'), '_mesh.1');
    await events.publish(event('checkout', '2'), 'checkout.2');
    await events.publish(event('checkout', '3'), 'checkout.3');
    const collect = async (afterSequence: number, workload: string, count: number) => {
      const seen: string[] = [];
      const aborter = new AbortController();
      const watch = await events.watch({ afterSequence, workload, gate: '' }, aborter.signal);
      for await (const { message } of watch.events) {
        if (seen.push(message) === count) {
          break;
        }
      }
      return seen;
    };
    deepEqual(await collect(first, '', 3), ['mesh', '2', '3']);
    deepEqual(await collect(first, 'checkout', 2), ['2', '3']);
  });

  it('reads what is stored, from a time on and about one service, and ends', async () => {
    const events = new EventStore(store, systemClock);
    const about = (service: string, message: string) => CapacityEvent.fromPartial({ kind: 'gate', service, message });
    const read = async (filter: Partial<EventFilter>): Promise<string[]> => {
      const seen: string[] = [];
      const all = { afterSequence: 0, workload: '', gate: '', storedOnly: true, ...filter };
      const watch = await events.watch(all, new AbortController().signal);
      for await (const { message } of watch.events) seen.push(message);
      return seen;
    };
    const before = await events.publish(about('payment', 'old'), 'stored.1');
    const stored = await store.manager.streams.getMessage(EVENTS_STREAM, { seq: before });
    const sinceWallMs = (stored?.time.getTime() ?? 0) + 1;
    await waitFor('the next millisecond', async () => systemClock.wallMs() > sinceWallMs);
    await events.publish(about('payment', 'new'), 'stored.2');
    await events.publish(about('inventory', 'other'), 'stored.3');
    deepEqual(await read({ sinceWallMs }), ['new', 'other']);
    deepEqual(await read({ sinceWallMs, service: 'payment' }), ['new']);
    deepEqual((await read({ fromStart: true, service: 'payment' })).slice(-2), ['old', 'new']);
    deepEqual(await read({}), [], 'nothing is newer than now');
  });

  it('ends a watch when it is told to', async () => {
    const aborter = new AbortController();
    const watching = (async () => {
      const filter = { afterSequence: 0, workload: '', gate: '' };
      const watch = await new EventStore(store, systemClock).watch(filter, aborter.signal);
      for await (const _ of watch.events) {
        throw new Error('no event is expected');
      }
    })();
    setImmediate(() => aborter.abort());
    await watching;
  });
});
