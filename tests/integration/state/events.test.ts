import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { EventFilter } from '../../../control-plane/state/event-filter.ts';
import type { EventSeries } from '../../../control-plane/state/event-series.ts';
import { EventStore } from '../../../control-plane/state/event-store.ts';
import { grantsSubject } from '../../../control-plane/state/event-subject.ts';
import { EventsGoneError } from '../../../control-plane/state/events-gone.ts';
import { EVENTS_KEPT_MS, EVENTS_STREAM, openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { systemClock } from '../../../platform/clock.ts';
import { secondsAndNanos } from '../../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { GateStatus } from '../../../proto/gen/capmesh/v1/gates.ts';
import { type NatsFixture, reconnected, startNats } from '../../support/nats-fixture.ts';
import { waitFor } from '../../support/wait-for.ts';

const ALL: EventFilter = { afterSequence: 0, workload: '', gate: '' };
const STORED: EventFilter = { ...ALL, fromStart: true, storedOnly: true };

const rejected = (settled: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));

describe('the event stream on a real nats-server', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;
  let events: EventStore;
  const aborter = new AbortController();

  const read = async (filter: Partial<EventFilter>): Promise<string[]> => {
    const seen: string[] = [];
    const watch = await events.watch({ ...STORED, ...filter }, aborter.signal);
    for await (const { message } of watch.events) seen.push(message);
    return seen;
  };
  const grant = (number: number, wallMs = systemClock.wallMs()) => ({
    number,
    event: CapacityEvent.fromPartial({
      workloadId: 'checkout',
      kind: 'grant',
      message: `${number}`,
      timestamp: secondsAndNanos(wallMs),
    }),
  });
  const grants = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => grant(from + index));
  const numbers = (from: number, to: number): string[] => grants(from, to).map(({ number }) => `${number}`);

  before(async () => {
    nats = await startNats('shop', []);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
    events = new EventStore(store, systemClock);
  });
  beforeEach(() => store.manager.streams.purge(EVENTS_STREAM));
  after(async () => {
    aborter.abort();
    await connection?.close();
    await nats?.stop();
  });

  it('can be filtered by workload, gate, action and what is about the mesh, by the store itself', async () => {
    const fit = { fit: { status: GateStatus.GATE_STATUS_FAIL } };
    const told: Parameters<typeof CapacityEvent.fromPartial>[0][] = [
      { workloadId: 'checkout', kind: 'gate', message: 'fit fails', gates: fit },
      { workloadId: 'checkout', kind: 'gate', message: 'all well' },
      { workloadId: 'checkout', kind: 'action', message: 'cut', actionTaken: { gate: 'uv', kind: 'cut-burst' } },
      {
        workloadId: 'batch',
        kind: 'action',
        message: 'limit',
        actionTaken: { gate: 'fit', kind: 'limit-concurrency' },
      },
      { workloadId: '', kind: 'config', message: 'safe mode' },
    ];
    for (const [index, event] of told.entries())
      await events.publish(CapacityEvent.fromPartial(event), `filter.${index}`);
    await events.grants('other').append([grant(1)]);
    deepEqual(await read({ workload: 'checkout' }), ['fit fails', 'all well', 'cut']);
    deepEqual(await read({ workload: 'other' }), ['1']);
    deepEqual(await read({ gate: 'fit' }), ['fit fails', 'limit']);
    deepEqual(await read({ gate: 'fit', workload: 'checkout' }), ['fit fails']);
    deepEqual(await read({ action: 'cut-burst' }), ['cut']);
    deepEqual(await read({ action: 'cut-burst', workload: 'batch' }), []);
    deepEqual(await read({ action: 'cut-burst', gate: 'uv', workload: 'checkout' }), ['cut']);
    deepEqual(await read({ workload: '_mesh' }), ['safe mode']);
    const { state } = await store.manager.streams.info(EVENTS_STREAM, { subjects_filter: '>' });
    deepEqual(state.subjects, {
      'capmesh.v1.events._mesh.config.order': 1,
      'capmesh.v1.events.batch.action.fit.limit-concurrency': 1,
      'capmesh.v1.events.checkout.action.uv.cut-burst': 1,
      'capmesh.v1.events.checkout.gate': 2,
      'capmesh.v1.events.other.grant': 1,
    });
  });

  it('holds each number of a series once and in order, however many tell it', async () => {
    const tellAll = async (step: number): Promise<void> => {
      const teller = events.grants('checkout');
      for (let from = 1; from <= 120; from += step) await teller.append(grants(from, Math.min(from + step - 1, 120)));
    };
    const told = await Promise.allSettled([1, 7, 12, 17, 40, 60, 120].map(tellAll));
    deepEqual(rejected(told), []);
    deepEqual(await read({ workload: 'checkout' }), numbers(1, 120));
    await events.grants('checkout').append(grants(100, 121));
    deepEqual(await read({ workload: 'checkout' }), numbers(1, 121));
    equal(await events.grants('checkout').newestNumber(), 121);
    const watch = await events.watch({ ...STORED, workload: 'checkout' }, aborter.signal);
    for await (const { id, message } of watch.events) equal(id, `checkout.${message}`);
  });

  it('takes events of several series in one write, and of each by itself where one of them cannot be told', async () => {
    const [a, b, c] = [events.grants('a'), events.grants('b'), events.grants('c')];
    const tell = (from: number, to: number, ...series: EventSeries[]) =>
      events.append(series.map((each) => ({ series: each, events: grants(from, to) })));
    const batchOf = async (workload: string): Promise<string | undefined> =>
      (await store.manager.streams.getMessage(EVENTS_STREAM, { last_by_subj: grantsSubject(workload) }))?.header.get(
        'Nats-Batch-Id',
      );
    for (const first of [1, 4]) {
      deepEqual(rejected(await tell(first, first + 2, a, b)), []);
      ok(await batchOf('a'));
      equal(await batchOf('a'), await batchOf('b'));
    }
    // Somebody else is faster in the one; the other has nothing to do with it.
    await events.grants('b').append(grants(7, 8));
    deepEqual(rejected(await tell(7, 9, a, b)), []);
    deepEqual(await read({ workload: 'a' }), numbers(1, 9));
    await store.jetstream.publish(grantsSubject('c'), new Uint8Array(), { msgID: 'not of the series' });
    const told = await tell(10, 12, a, b, c);
    deepEqual(
      told.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
    for (const workload of ['a', 'b']) deepEqual(await read({ workload }), numbers(1, 12));
  });

  it('is not told again what it has dropped by age or size', async () => {
    await events.grants('old').append([grant(1, systemClock.wallMs() - EVENTS_KEPT_MS - 1000), grant(2)]);
    deepEqual(await read({}), ['2']);
    await store.manager.streams.purge(EVENTS_STREAM);
    await events.grants('old').append(grants(2, 4));
    deepEqual(await read({}), ['3', '4']);
  });

  it('says which events are gone, and which sequence it never had', async () => {
    await events.grants('gone').append(grants(1, 5));
    const { state } = await store.manager.streams.info(EVENTS_STREAM);
    await store.manager.streams.purge(EVENTS_STREAM, { seq: state.last_seq - 1 });
    const oldest = state.last_seq - 1;
    await rejects(read({ fromStart: false, afterSequence: oldest - 2 }), EventsGoneError);
    deepEqual(await read({ fromStart: false, afterSequence: oldest - 1 }), ['4', '5']);
    deepEqual(await read({ fromStart: false, afterSequence: state.last_seq }), []);
    await rejects(read({ fromStart: false, afterSequence: state.last_seq + 1 }), /the stream ends at/);
  });

  it('tells a reader that was overtaken, after what it still gets without a gap', async () => {
    await events.grants('slow').append(grants(1, 500));
    const watch = await events.watch({ ...ALL, fromStart: true, workload: 'slow' }, aborter.signal);
    const seen: string[] = [];
    await rejects(async () => {
      for await (const { message } of watch.events) {
        if (seen.push(message) > 1) continue;
        const { state } = await store.manager.streams.info(EVENTS_STREAM);
        await store.manager.streams.purge(EVENTS_STREAM, { seq: state.last_seq - 9 });
      }
    }, EventsGoneError);
    ok(seen.length < 490, `${seen.length} events`);
    deepEqual(seen, numbers(1, seen.length));
  });

  it('loses nothing to a watch of new events whose store dies before the first of them', async () => {
    await events.grants('new').append(grants(1, 3));
    const watch = await events.watch(ALL, aborter.signal);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { message } of watch.events) if (seen.push(message) === 2) return;
    })();
    await waitFor('the watch', async () => (await store.manager.streams.info(EVENTS_STREAM)).state.consumer_count > 0);
    const back = reconnected(connection);
    await nats.restart();
    await back;
    await events.grants('new').append(grants(4, 5));
    await reading;
    deepEqual(seen, ['4', '5']);
  });
});
