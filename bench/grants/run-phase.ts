import { once } from 'node:events';
import { systemClock } from '../../platform/clock.ts';
import type { GrantWorld, PlaneDoor } from './grant-world.ts';
import { type Answers, type Demand, runRequesters } from './requesters.ts';

export interface PhaseOptions {
  readonly demand: Demand;
  /** At least so many. */
  readonly requests: number;
  /** Requesters at each door. */
  readonly perDoor: number;
  readonly random: () => number;
}

export interface Phase {
  readonly answers: Answers;
  readonly seconds: number;
}

/** Requesters at the open doors, until so many requests were made and `until` has settled. */
export async function runPhase(
  { audit }: GrantWorld,
  open: readonly PlaneDoor[],
  { demand, requests, perDoor, random }: PhaseOptions,
  until: Promise<void> = Promise.resolve(),
): Promise<Phase> {
  let made = 0;
  let isOver = false;
  const over = until.finally(() => {
    isOver = true;
  });
  const startMs = performance.now();
  const answers = await runRequesters({
    doors: () => open,
    perDoor,
    demand,
    random,
    onRelease: (grantId) => audit.released(grantId, systemClock.wallMs()),
    goOn: () => made++ < requests || !isOver,
  });
  const seconds = (performance.now() - startMs) / 1000;
  await over;
  return { answers, seconds };
}

/**
 * A phase in which the leader is killed, and the one after it sleeps until a
 * third has taken over, and wakes up again. Needs three replicas.
 */
export async function runWithFaults(world: GrantWorld, options: PhaseOptions): Promise<Phase> {
  const open = [...world.doors];
  return await runPhase(world, open, options, killAndPause(world, open));
}

async function killAndPause(world: GrantWorld, open: PlaneDoor[]): Promise<void> {
  const killed = await world.leader(open, 0);
  const exited = once(killed.door.plane.child, 'exit');
  killed.door.plane.child.kill('SIGKILL');
  await exited;
  open.splice(open.indexOf(killed.door), 1);
  const paused = await world.leader(open, killed.epoch);
  paused.door.plane.child.kill('SIGSTOP');
  const rest = open.filter((door) => door !== paused.door);
  await world.leader(rest, paused.epoch);
  paused.door.plane.child.kill('SIGCONT');
  await world.leader(open, paused.epoch);
}
