import { deepEqual, equal, rejects } from 'node:assert/strict';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { EventStore } from '../../../control-plane/state/event-store.ts';
import { EVENTS_STREAM, openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { systemClock } from '../../../platform/clock.ts';
import { secondsAndNanos } from '../../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';

describe('events straight from the store', () => {
  let nats: NatsFixture;
  let controlPlane: NatsConnection;
  let reader: NatsConnection;
  let store: Store;

  const tell = (events: EventStore, workloadId: string, from: number, to: number): Promise<void> => {
    const timestamp = secondsAndNanos(systemClock.wallMs());
    const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    const event = (number: number) =>
      CapacityEvent.fromPartial({ workloadId, kind: 'grant', message: `m${number}`, timestamp });
    return events.grants(workloadId).append(numbers.map((number) => ({ number, event: event(number) })));
  };

  before(async () => {
    nats = await startNats('shop', ['node-1']);
    controlPlane = await nats.connect('control-plane');
    store = await openStore(controlPlane);
    const events = new EventStore(store, systemClock);
    await tell(events, 'checkout', 1, 3);
    await tell(events, 'batch', 1, 2);
    await tell(events, 'checkout', 4, 5);
    reader = await nats.connect('events');
  });
  after(async () => {
    await reader?.close();
    await controlPlane?.close();
    await nats?.stop();
  });

  it('are read by the subjects of a workload, from a sequence on, with their ids', async () => {
    const consumer = await jetstream(reader, { checkAPI: false }).consumers.get(EVENTS_STREAM, {
      filter_subjects: ['capmesh.v1.events.checkout.>'],
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: 3,
    });
    const seen: string[] = [];
    for await (const { data, seq, subject, headers } of await consumer.fetch({ max_messages: 3, expires: 5000 })) {
      const { message } = CapacityEvent.decode(data);
      seen.push(`${seq} ${subject} ${headers?.get('Nats-Msg-Id')} ${message}`);
    }
    deepEqual(seen, [
      '3 capmesh.v1.events.checkout.grant checkout.3 m3',
      '6 capmesh.v1.events.checkout.grant checkout.4 m4',
      '7 capmesh.v1.events.checkout.grant checkout.5 m5',
    ]);
  });

  for (const subject of [
    'capmesh.v1.events.checkout.grant',
    'capmesh.v1.frames.shop.node-1',
    '$KV.capmesh_ledger.account.checkout',
    '$JS.API.CONSUMER.CREATE.KV_capmesh_ledger.x',
    '$JS.API.CONSUMER.CREATE.CAPMESH_FRAMES.x',
    '$JS.API.DIRECT.GET.KV_capmesh_config.$KV.capmesh_config.mesh',
    '$JS.API.STREAM.PURGE.CAPMESH_EVENTS',
    '$JS.API.STREAM.MSG.DELETE.CAPMESH_EVENTS',
    '$JS.API.CONSUMER.DELETE.CAPMESH_EVENTS.x',
  ]) {
    it(`let their reader do nothing else: ${subject}`, async () => {
      await rejects(reader.request(subject, '{}', { timeout: 2000 }), /[Pp]ermissions? [Vv]iolation/);
    });
  }

  it('cannot be delivered into an account by a consumer of their reader', async () => {
    await store.ledger.put('account.batch', 'as it was');
    const config = {
      name: 'evil',
      deliver_subject: '$KV.capmesh_ledger.account.batch',
      deliver_policy: 'all',
      ack_policy: 'none',
    };
    await reader.request(
      `$JS.API.CONSUMER.CREATE.${EVENTS_STREAM}.evil`,
      JSON.stringify({ stream_name: EVENTS_STREAM, config, action: 'create' }),
    );
    await tell(new EventStore(store, systemClock), 'checkout', 6, 6);
    await controlPlane.flush();
    equal((await store.ledger.get('account.batch'))?.string(), 'as it was');
  });
});
