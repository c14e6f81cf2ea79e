import { deepEqual, ok } from 'node:assert/strict';
import type { NatsConnection } from '@nats-io/transport-node';
import { after, before, describe, it } from 'mocha';
import { LeaderWrites } from '../../../control-plane/leader/leader-writes.ts';
import { eventMessage } from '../../../control-plane/loop/event-message.ts';
import { EventStore } from '../../../control-plane/state/event-store.ts';
import { KernelLogStore } from '../../../control-plane/state/kernel-log-store.ts';
import { maxPayload } from '../../../control-plane/state/max-payload.ts';
import { openStore, type Store } from '../../../control-plane/state/open-store.ts';
import { CapacityKernel } from '../../../core/index.ts';
import { systemClock } from '../../../platform/clock.ts';
import { createLogger } from '../../../platform/logger.ts';
import { kernelPlayer } from '../../support/kernel-player.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { ONE_TENANT } from '../../support/seed-fixtures.ts';
import { type StartedPlane, startPlane } from '../../support/start-plane.ts';
import { waitFor } from '../../support/wait-for.ts';

/** What a kernel tells when a service becomes slow: verdicts and an action. */
function decided() {
  const { player } = kernelPlayer(ONE_TENANT, CapacityKernel);
  player.seconds(60, { 'node-1': { calls: 100 } });
  player.seconds(8, { 'node-1': { calls: 100, latencyMs: 100 } });
  return player.effects.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
}

describe('decisions that a leader has written down and not told', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let store: Store;
  let events: EventStore;
  let started: StartedPlane | undefined;
  const records = decided();

  const start = async (): Promise<void> => {
    started = await startPlane(nats, { logger: createLogger('test-control-plane') });
  };
  /** Ids and messages of what the dead leader decided. */
  const told = async (): Promise<string[]> => {
    const filter = { afterSequence: 0, workload: '', gate: '', fromStart: true, storedOnly: true };
    const watch = await events.watch(filter, new AbortController().signal);
    const seen: string[] = [];
    for await (const { id, message } of watch.events) if (id.startsWith('_kernel.dead.')) seen.push(`${id} ${message}`);
    return seen;
  };

  before(async () => {
    nats = await startNats('shop', []);
    connection = await nats.connect('control-plane');
    store = await openStore(connection);
    events = new EventStore(store, systemClock);
  });
  after(async () => {
    await started?.stop();
    await connection?.close();
    await nats?.stop();
  });

  it('are told by the next one, each once and in order, and not again by the one after', async () => {
    ok(records.length >= 3, `${records.length} events`);
    const writes = new LeaderWrites(store, { epoch: 0, process: 'dead', mayWrite: () => true }, () => {});
    const log = new KernelLogStore(store.jetstream, 'shop', maxPayload(connection));
    const [first, ...rest] = records;
    const tick = { kind: 'tick', run: 'dead', inputs: [], effects: '' } as const;
    await log.publish({ ...tick, tick: 7, events: first === undefined ? [] : [first] }, writes);
    await log.publish({ ...tick, tick: 8, events: rest }, writes);
    const ids = records.map((_, index) => `_kernel.dead.${index === 0 ? '7.1' : `8.${index}`}`);
    for (const [index, record] of records.slice(0, 2).entries()) {
      await events.publish(eventMessage(record), ids[index] ?? '', writes);
    }
    const expected = records.map(({ message }, index) => `${ids[index]} ${message}`);
    await start();
    await waitFor('all of them', async () => (await told()).length >= records.length);
    await started?.stop();
    await start();
    await started?.stop();
    started = undefined;
    deepEqual(await told(), expected);
  });
});
