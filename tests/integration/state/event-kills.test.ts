import { deepEqual, ok } from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { runRequesters } from '../../../bench/grants/requesters.ts';
import { decodeAccount } from '../../../control-plane/state/account-codec.ts';
import { EVENTS_STREAM, openStore } from '../../../control-plane/state/open-store.ts';
import { seededRandom } from '../../../core/simulation/seeded-random.ts';
import { EventWorld } from '../../support/event-world.ts';
import { ResumingReader, type ToldEvent } from '../../support/resuming-reader.ts';
import { until } from '../../support/until.ts';
import { waitFor } from '../../support/wait-for.ts';

const EVENTS = 10_000;
const KILLS_OF_EACH = 2;
const WORKLOADS = Array.from({ length: 10 }, (_, index) => `w-${index}`);
const REQUESTERS = 48;
const EDIT_INTERVAL_MS = 250;
const DEMAND = { workloads: WORKLOADS, shareMax: 0.002, secondsMax: 3, releasedRatio: 0.2 };

const seed = Number(process.env.EVENT_KILLS_SEED ?? randomInt(1e6));

/** What the stream must tell: the ledger's own count of each account, and every edit that the store holds. */
interface Truth {
  readonly accounts: ReadonlyMap<string, number>;
  readonly edits: readonly number[];
}

const numbersOf = (events: readonly ToldEvent[], series: string): number[] =>
  events.filter(({ id }) => id.startsWith(`${series}.`)).map(({ id }) => Number(id.slice(series.length + 1)));

const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe(`10 000 events while control plane and store are killed (EVENT_KILLS_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const early = (): number => Math.floor(20 * random());
  let world: EventWorld;
  let readers: Readonly<Record<'grpc' | 'sse' | 'filtered', ResumingReader>>;
  let truth: Truth;

  before(async () => {
    world = await EventWorld.start(WORKLOADS);
    readers = {
      grpc: new ResumingReader(world.overGrpc(), early),
      sse: new ResumingReader(world.overSse(), early),
      filtered: new ResumingReader(world.overGrpc('w-3'), early),
    };
  });
  after(async () => {
    await Promise.all(Object.values(readers ?? {}).map((reader) => reader.stop()));
    await world?.stop();
  });

  it('are asked for, each part being killed in their middle', async () => {
    let isOver = false;
    const edits = (async () => {
      for (let turn = 0; !isOver; turn += 1) {
        // Nobody answers while a part is dead.
        await world.edit('w-1', 0.4 + 0.1 * (turn % 2)).catch(() => {});
        await delay(EDIT_INTERVAL_MS);
      }
    })();
    const kills = killAll(world, random).finally(() => {
      isOver = true;
    });
    await runRequesters({
      doors: () => [world],
      perDoor: REQUESTERS,
      demand: DEMAND,
      random,
      onRelease: () => {},
      goOn: () => world.answers < EVENTS || !isOver,
    });
    await Promise.all([kills, edits]);
    ok(world.answers >= EVENTS && world.edited.length > 10, `${world.answers} answers, ${world.edited.length} edits`);
  });

  it('are all in the stream, each once', async () => {
    const connection = await world.nats.connect('control-plane');
    const { ledger, config, manager } = await openStore(connection);
    const accounts = new Map<string, number>();
    for (const workload of WORKLOADS) {
      const stored = await ledger.get(`account.${workload}`);
      accounts.set(workload, decodeAccount(stored?.string() ?? '').eventCount);
    }
    const edits: number[] = [];
    for await (const entry of await config.history({ key: 'budget.w-1.payment' })) edits.push(entry.revision);
    truth = { accounts, edits };
    const grants = [...accounts.values()].reduce((sum, count) => sum + count, 0);
    const told = async (): Promise<number> => {
      const { state } = await manager.streams.info(EVENTS_STREAM, { subjects_filter: 'capmesh.v1.events.*.grant' });
      return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
    };
    await waitFor('the last grants to be told', async () => (await told()) >= grants);
    await waitFor('the last edit to be told', async () => {
      const { state } = await manager.streams.info(EVENTS_STREAM);
      const { grpc, sse, filtered } = readers;
      const newest = await manager.streams.getMessage(EVENTS_STREAM, {
        last_by_subj: 'capmesh.v1.events._mesh.config.edit',
      });
      const own = await manager.streams.getMessage(EVENTS_STREAM, { last_by_subj: 'capmesh.v1.events.w-3.grant' });
      const isRead = [grpc, sse].every(({ lastSequence }) => lastSequence === state.last_seq);
      const isTold = newest?.header.get('Nats-Msg-Id') === `_mesh.config.${edits.at(-1)}`;
      return isTold && isRead && filtered.lastSequence === own?.seq;
    });
    deepEqual(await told(), grants);
    ok(grants >= EVENTS);
    await connection.close();
  });

  for (const name of ['grpc', 'sse'] as const) {
    it(`reach a reader over ${name} that comes back: none missing, all in order, repetitions known by their sequence`, () => {
      const { events, breaks, repeated } = readers[name];
      for (const [workload, count] of truth.accounts) {
        const own = events.filter((event) => event.workloadId === workload);
        deepEqual(numbersOf(own, workload), oneTo(count), workload);
      }
      const edits = numbersOf(events, '_mesh.config');
      deepEqual(
        edits,
        [...new Set(edits)].sort((a, b) => a - b),
      );
      for (const revision of [...world.edited, ...truth.edits]) ok(edits.includes(revision), `edit ${revision}`);
      const sequences = events.map(({ sequence }) => sequence);
      deepEqual(sequences, oneTo(sequences.length));
      ok(breaks >= KILLS_OF_EACH && repeated > 0, `${breaks} breaks, ${repeated} repeated`);
    });
  }

  it('reach a reader of one workload just so, and nobody else’s', () => {
    const { events } = readers.filtered;
    deepEqual(numbersOf(events, 'w-3'), oneTo(truth.accounts.get('w-3') ?? 0));
    deepEqual(
      events.filter(({ workloadId }) => workloadId !== 'w-3'),
      [],
    );
  });

  it('tell every grant and every release that was answered, a release behind its grant', () => {
    const told = new Map(readers.grpc.events.map((event, index) => [`${event.workloadId}: ${event.message}`, index]));
    const admitted = new Map<string, number>();
    for (const [text, index] of told) {
      const [, grantId] = /: grant (\S+) admitted until /.exec(text) ?? [];
      if (grantId !== undefined) admitted.set(grantId, index);
    }
    deepEqual(
      world.granted.filter(({ grantId }) => !admitted.has(grantId)),
      [],
    );
    deepEqual(
      world.released.filter(({ workload, grantId }) => {
        const index = told.get(`${workload}: grant ${grantId} released`) ?? -1;
        return index <= (admitted.get(grantId) ?? Number.POSITIVE_INFINITY);
      }),
      [],
    );
  });
});

/** Each part so many times, in a random order and at random moments in the middle of the events. */
async function killAll(world: EventWorld, random: () => number): Promise<void> {
  const kills = Array.from({ length: KILLS_OF_EACH }, () => [
    { at: random(), kill: () => world.killPlane() },
    { at: random(), kill: () => world.killStore() },
  ])
    .flat()
    .sort((a, b) => a.at - b.at);
  for (const { at, kill } of kills) {
    const moment = EVENTS * (0.1 + 0.8 * at);
    await until(() => world.answers >= moment);
    await kill();
  }
}
