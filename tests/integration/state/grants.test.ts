import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type GrantWorld, startGrantWorld } from '../../../bench/grants/grant-world.ts';
import type { AnsweredGrant } from '../../../bench/grants/ledger-audit.ts';
import { runPhase, runWithFaults } from '../../../bench/grants/run-phase.ts';
import { seededRandom } from '../../../core/simulation/seeded-random.ts';

const NOTHING_WRONG = { unseen: 0, overBudget: 0, lost: 0, endedEarly: 0, doubled: 0 };
const WORKLOADS = ['w-1', 'w-2', 'w-3', 'w-4', 'w-5'];

describe('grants at three replicas at once', () => {
  const random = seededRandom(1);
  const grants: AnsweredGrant[] = [];
  let world: GrantWorld;

  before(async () => {
    world = await startGrantWorld(3, WORKLOADS, 'always');
    await world.leader(world.doors, 0);
  });
  after(() => world?.stop());

  it('fill one account and never more, whoever answers', async () => {
    const demand = { workloads: ['w-1'], shareMax: 0.05, secondsMax: 1, releasedRatio: 0.3 };
    const { answers } = await runPhase(world, world.doors, { demand, requests: 400, perDoor: 8, random });
    grants.push(...answers.grants);
    await world.audited();
    deepEqual(world.audit.faults(grants), NOTHING_WRONG);
    deepEqual(answers.failures, {});
    ok(answers.grants.length > 20 && answers.denied > 20 && answers.released > 0, JSON.stringify(answers.denied));
  });

  it('survive a leader that is killed and one that is paused: none is lost, doubled or above the budget', async () => {
    const demand = { workloads: WORKLOADS, shareMax: 0.02, secondsMax: 2, releasedRatio: 0.1 };
    const { answers } = await runWithFaults(world, { demand, requests: 400, perDoor: 3, random });
    grants.push(...answers.grants);
    await world.audited();
    deepEqual(world.audit.faults(grants), NOTHING_WRONG);
    ok(answers.grants.length > 100, `${answers.grants.length} grants`);
  });

  it('had one writer in every epoch, and none after the next', () => {
    const writers = [...world.leaders.writers().values()].map((processes) => processes.size);
    deepEqual(writers, [1, 1, 1]);
    deepEqual(world.leaders.late(), []);
    equal(world.doors.length, 3);
  });
});
