import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type GrantWorld, type PlaneDoor, startGrantWorld } from '../../../bench/grants/grant-world.ts';
import type { AnsweredGrant } from '../../../bench/grants/ledger-audit.ts';
import { runPhase } from '../../../bench/grants/run-phase.ts';
import { GrantHome } from '../../../control-plane/homes/grant-home.ts';
import type { ReplicaSign } from '../../../control-plane/leader/replicas.ts';
import type { Account } from '../../../control-plane/state/account.ts';
import type { AccountChange } from '../../../control-plane/state/account-changes.ts';
import { LedgerStore } from '../../../control-plane/state/ledger-store.ts';
import { maxPayload } from '../../../control-plane/state/max-payload.ts';
import { openStore } from '../../../control-plane/state/open-store.ts';
import { packJson } from '../../../control-plane/state/packed-json.ts';
import { cautionAt } from '../../../core/admission/admission-caution.ts';
import { seededRandom } from '../../../core/simulation/seeded-random.ts';
import { systemClock } from '../../../platform/clock.ts';
import { createLogger } from '../../../platform/logger.ts';
import { loadMessageRules } from '../../../platform/validate-message.ts';
import { meshConfig } from '../../support/mesh-fixtures.ts';
import { quietLogger } from '../../support/quiet-logger.ts';
import { waitFor } from '../../support/wait-for.ts';

const NOTHING_WRONG = { unseen: 0, overBudget: 0, lost: 0, endedEarly: 0, doubled: 0 };
/** So many that each of four homes has some. */
const WORKLOADS = Array.from({ length: 40 }, (_, index) => `w-${index + 1}`);
const SHARES = { cInt: 0.001, cPtr: 0.001, cObs: 0.001 };
const PASSED = 'capmesh_grants_passed_total';
const TAKEN_BACK = 'capmesh_grants_taken_back_total';

describe('accounts that are at home at one of three replicas', () => {
  const random = seededRandom(1);
  const grants: AnsweredGrant[] = [];
  const demand = { workloads: WORKLOADS, shareMax: 0.02, secondsMax: 2, releasedRatio: 0.1 };
  let world: GrantWorld;
  /** Those that have not been ended. */
  let doors: PlaneDoor[];

  const sum = async (metric: string, asked: readonly PlaneDoor[] = doors): Promise<number> =>
    (await Promise.all(asked.map((door) => door.metric(metric)))).reduce((all, count) => all + count, 0);
  /** The door of the replica that decides for all others. */
  const homeOf = (workload: string): Promise<PlaneDoor> =>
    waitFor(`a home of ${workload}`, async () => {
      const kept: PlaneDoor[] = [];
      for (const door of doors) {
        const passed = await door.metric(PASSED);
        await ask(door, workload);
        if ((await door.metric(PASSED)) === passed) kept.push(door);
      }
      return kept.length === 1 && kept[0];
    });
  const others = (home: PlaneDoor): PlaneDoor[] => doors.filter((door) => door !== home);
  const ask = async (door: PlaneDoor, workload: string): Promise<AnsweredGrant> => {
    const { admitted, grantId, expiresAt, message } = await door.request(workload, SHARES, 5);
    equal(admitted, true, message);
    const grant = { workload, jti: grantId, expiresAtMs: 1000 * (expiresAt?.seconds ?? 0) };
    grants.push(grant);
    return grant;
  };
  /** Asks at these doors until something has happened; nobody may go without an answer. */
  const askWhile = async (asked: readonly PlaneDoor[], until: () => Promise<unknown>): Promise<void> => {
    const happened = until().then(() => {});
    const { answers } = await runPhase(world, asked, { demand, requests: 300, perDoor: 4, random }, happened);
    grants.push(...answers.grants);
    deepEqual(answers.failures, {});
    await world.audited();
    deepEqual(world.audit.faults(grants), NOTHING_WRONG);
  };

  before(async () => {
    world = await startGrantWorld(3, WORKLOADS, 'always');
    doors = [...world.doors];
    await world.leader(doors, 0);
    await homeOf('w-1');
  });
  after(() => world?.stop());

  it('are decided there, whoever is asked', async () => {
    const [passed, takenBack] = [await sum(PASSED), await sum(TAKEN_BACK)];
    await askWhile(doors, async () => {});
    ok((await sum(PASSED)) - passed > 100, 'two of three requests are passed on');
    equal(await sum(TAKEN_BACK), takenBack);
  });

  it('give a grant back at once where it was asked for', async () => {
    const home = await homeOf('w-1');
    for (const door of others(home)) {
      for (let each = 0; each < 20; each += 1) {
        const { jti } = await ask(door, 'w-1');
        world.audit.released(jti);
        deepEqual(await door.release('w-1', jti), { released: true });
      }
    }
  });

  it('are decided elsewhere while their home is paused, and what it finds when it wakes up counts for nothing', async () => {
    const home = await homeOf('w-1');
    const takenBack = await sum(TAKEN_BACK, others(home));
    await askWhile(others(home), async () => {
      home.plane.child.kill('SIGSTOP');
      await waitFor('requests that come back', async () => (await sum(TAKEN_BACK, others(home))) > takenBack);
      home.plane.child.kill('SIGCONT');
      // It answers once it has read what was sent to it in its sleep.
      await home.metric(PASSED);
    });
    await homeOf('w-1');
  });

  it('get one grant and one answer where the home decides after the request was taken back', async () => {
    const late = await LateHome.join(world);
    await waitFor('requests for the late home', async () => {
      await Promise.all(WORKLOADS.map((workload) => ask(doors[0] as PlaneDoor, workload)));
      return late.held > 0;
    });
    const answered = grants.map(({ jti }) => jti);
    const decided = await late.decide();
    ok(decided.length > 0 && decided.every((jti) => answered.includes(jti)), 'it found what the others had decided');
    await late.leave();
    await world.audited();
    deepEqual(world.audit.faults(grants), NOTHING_WRONG);
  });

  it('move at once when their home leaves in good order', async () => {
    const home = await homeOf('w-1');
    await askWhile(others(home), () => home.plane.end('SIGTERM'));
    doors = others(home);
    await homeOf('w-1');
  });

  it('move when their home is killed', async () => {
    const home = await homeOf('w-1');
    await askWhile(others(home), () => home.plane.end('SIGKILL'));
    doors = others(home);
    await homeOf('w-1');
  });
});

/** A real home on the same store that decides nothing before it is told to. */
class LateHome {
  readonly #home: GrantHome;
  readonly #ledger: LedgerStore;
  readonly #sign: (more: Partial<ReplicaSign>) => Promise<void>;
  readonly #interval: NodeJS.Timeout;
  readonly #held: (() => Promise<string | null>)[] = [];

  private constructor({ connection }: GrantWorld, ledger: LedgerStore) {
    const self = { replica: 'late', process: 'late-1' };
    this.#ledger = ledger;
    this.#home = new GrantHome({
      connection,
      mesh: 'shop',
      process: self.process,
      bytesMax: maxPayload(connection),
      ledger: { update: (...change) => this.#hold(...change) },
      config: () =>
        meshConfig({
          services: {},
          workloads: Object.fromEntries(WORKLOADS.map((workload) => [workload, {}])),
          budgets: {},
        }),
      scene: () => ({ pools: new Map(), caution: cautionAt(0) }),
      note: () => {},
      newRefusalId: () => 'refusal',
      // Behind those of the others, so that nothing comes too late for it.
      clock: { wallMs: () => systemClock.wallMs() - 10_000 },
      logger: quietLogger,
    });
    this.#sign = async (more) => {
      const sign: ReplicaSign = { ...self, epoch: null, nodes: [], rollout: null, isHome: true, ...more };
      connection.publish('capmesh.v1.replicas.shop.late', await packJson(sign));
    };
    this.#interval = setInterval(() => void this.#sign({}), 500);
  }

  static async join(world: GrantWorld): Promise<LateHome> {
    loadMessageRules();
    const { ledger } = await openStore(world.connection);
    const home = new LateHome(world, await LedgerStore.open(ledger, createLogger('test')));
    await home.#sign({});
    return home;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Decides what it holds; answers the grants that it admits, or finds. */
  async decide(): Promise<string[]> {
    const decided = await Promise.all(this.#held.splice(0).map((decide) => decide()));
    return decided.filter((jti) => jti !== null);
  }

  async leave(): Promise<void> {
    clearInterval(this.#interval);
    await this.#sign({ isHome: false, leaves: true });
    await this.#home.stop();
    this.#ledger.stop();
  }

  #hold<T>(workload: string, wallMs: number, change: (account: Account) => AccountChange<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#held.push(async () => {
        try {
          const result = await this.#ledger.update(workload, wallMs, change);
          resolve(result);
          return (result as { readonly grant?: { readonly jti: string } } | null)?.grant?.jti ?? null;
        } catch (error) {
          reject(error);
          return null;
        }
      });
    });
  }
}
