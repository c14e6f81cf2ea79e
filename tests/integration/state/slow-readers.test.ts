import { deepEqual, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { EventStore } from '../../../control-plane/state/event-store.ts';
import { openStore } from '../../../control-plane/state/open-store.ts';
import { systemClock } from '../../../platform/clock.ts';
import { secondsAndNanos } from '../../../platform/protobuf-time.ts';
import { AdminClient, WatchEventsRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { ADMIN_TOKEN } from '../../support/api-fixture.ts';
import { EventWorld } from '../../support/event-world.ts';
import { waitFor } from '../../support/wait-for.ts';

const MIB = 1024 * 1024;
/** Of each of the two doors. */
const STALLED = 8;
const EVENTS = 20_000;
const BATCH = 100;
const TEXT = 'x'.repeat(1000);
/** What it would take to keep the events for those who do not read them is twenty times as much. */
const GROWTH_MAX_MIB = (2 * STALLED * EVENTS * TEXT.length) / MIB / 3;

describe('readers of events that stop reading', () => {
  let world: EventWorld;
  let connection: NatsConnection;
  let store: EventStore;
  const clients: AdminClient[] = [];
  const sockets: Socket[] = [];
  const aborter = new AbortController();
  let number = 0;

  const tell = async (count: number): Promise<void> => {
    const events = Array.from({ length: count }, () => {
      number += 1;
      const told = { workloadId: 'flood', kind: 'grant', message: `${number} ${TEXT}` };
      const timestamp = secondsAndNanos(systemClock.wallMs());
      return { number, event: CapacityEvent.fromPartial({ ...told, timestamp }) };
    });
    await series.append(events);
  };
  let series: ReturnType<EventStore['grants']>;

  /** Numbers of the flood as one reader gets them, until `last`. */
  const readTo = async (last: number, seen: number[] = []): Promise<number[]> => {
    for await (const { message } of world.overGrpc('flood')(0, aborter.signal)) {
      seen.push(Number(message.split(' ')[0]));
      if (seen.at(-1) === last) return seen;
    }
    return seen;
  };
  const memoryMib = (): number => {
    const [, pages = '0'] = readFileSync(`/proc/${world.planePid}/statm`, 'utf8').split(' ');
    return (Number(pages) * 4096) / MIB;
  };
  const stallGrpc = async (): Promise<void> => {
    const client = new AdminClient(`127.0.0.1:${world.ports.grpcPort}`, ChannelCredentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    clients.push(client);
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${ADMIN_TOKEN}`);
    const stream = client.watchEvents(WatchEventsRequest.fromPartial({ fromStart: true }), metadata);
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('data', resolve));
    stream.pause();
  };
  const stallSse = async (): Promise<void> => {
    const socket = connect(world.ports.restPort, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(`GET /v1/events?fromStart HTTP/1.1\r\nhost: test\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
  };

  before(async () => {
    world = await EventWorld.start(['w-0']);
    connection = await world.nats.connect('control-plane');
    store = new EventStore(await openStore(connection), systemClock);
    series = store.grants('flood');
  });
  after(async () => {
    aborter.abort();
    for (const client of clients) client.close();
    for (const socket of sockets) socket.destroy();
    await connection?.close();
    await world?.stop();
  });

  it('leave others every event as soon as it is told, the control plane its ticks, and its memory as it is', async () => {
    await tell(BATCH);
    await readTo(BATCH);
    for (let index = 0; index < STALLED; index += 1) await Promise.all([stallGrpc(), stallSse()]);
    const beforeMib = memoryMib();
    const ticksBefore = await world.ticks();
    let mostMib = beforeMib;
    let longestMs = 0;
    const seen: number[] = [];
    const reading = readTo(EVENTS, seen);
    while (number < EVENTS) {
      await tell(BATCH);
      const toldMs = performance.now();
      await waitFor('what was just told', async () => seen.at(-1) === number);
      longestMs = Math.max(longestMs, performance.now() - toldMs);
      mostMib = Math.max(mostMib, memoryMib());
    }
    await reading;
    deepEqual(
      seen,
      Array.from({ length: EVENTS }, (_, index) => index + 1),
    );
    ok(longestMs < 1000, `${longestMs} ms`);
    ok((await world.ticks()) > ticksBefore);
    ok(mostMib - beforeMib < GROWTH_MAX_MIB, `${beforeMib} to ${mostMib} MiB, at most ${GROWTH_MAX_MIB} more`);
  });

  it('get what they missed when they read again', async () => {
    const [socket] = sockets;
    let text = '';
    socket?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-100_000);
    });
    socket?.resume();
    await waitFor('the newest event', async () => text.includes(`"message":"${EVENTS} x`));
  });
});
