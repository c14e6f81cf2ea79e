import { status } from '@grpc/grpc-js';
import type { RequestCapacityResponse } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { AnsweredGrant } from './ledger-audit.ts';

/** What a requester asks of one replica. */
export interface GrantDoor {
  request(workload: string, shares: Shares, seconds: number): Promise<RequestCapacityResponse>;
  release(workload: string, grantId: string): Promise<unknown>;
}

/** Of each adding axis. */
export interface Shares {
  readonly cInt: number;
  readonly cPtr: number;
  readonly cObs: number;
}

/** As many as people write. */
const SHARE_DECIMALS = 4;

export interface Demand {
  readonly workloads: readonly string[];
  /** Largest share of an axis in one request. */
  readonly shareMax: number;
  /** Longest time that a grant is asked for. */
  readonly secondsMax: number;
  /** Of the grants, those that are given back at once. */
  readonly releasedRatio: number;
}

export interface Answers {
  readonly grants: AnsweredGrant[];
  readonly latenciesMs: number[];
  denied: number;
  released: number;
  /** Tries that nobody answered, by gRPC status. */
  readonly failures: Record<string, number>;
}

export interface RequestersOptions {
  /** The doors that are open now. */
  readonly doors: () => readonly GrantDoor[];
  readonly perDoor: number;
  readonly demand: Demand;
  readonly random: () => number;
  readonly onRelease: (grantId: string) => void;
  /** Whether one more request is to be made. */
  readonly goOn: () => boolean;
}

/**
 * Requesters that each ask for one grant after the other, and go to another
 * replica when theirs does not answer. Settles when all of them have ended.
 */
export async function runRequesters(options: RequestersOptions): Promise<Answers> {
  const answers: Answers = { grants: [], latenciesMs: [], denied: 0, released: 0, failures: {} };
  const count = options.perDoor * options.doors().length;
  await Promise.all(Array.from({ length: count }, (_, index) => runRequester(index, options, answers)));
  return answers;
}

async function runRequester(index: number, options: RequestersOptions, answers: Answers): Promise<void> {
  const { doors, demand, random, goOn } = options;
  const share = (): number => Number((demand.shareMax * (0.1 + 0.9 * random())).toFixed(SHARE_DECIMALS));
  let turn = index;
  while (goOn()) {
    const open = doors();
    const door = open[turn % open.length] as GrantDoor;
    const workload = demand.workloads[Math.floor(random() * demand.workloads.length)] as string;
    const seconds = 1 + Math.floor(random() * demand.secondsMax);
    const startMs = performance.now();
    try {
      const answer = await door.request(workload, { cInt: share(), cPtr: share(), cObs: share() }, seconds);
      answers.latenciesMs.push(performance.now() - startMs);
      if (!answer.admitted) answers.denied += 1;
      else await take(answer, workload, door, options, answers);
    } catch (error) {
      const { code = -1 } = error as { code?: number };
      const name = status[code] ?? String(error);
      answers.failures[name] = (answers.failures[name] ?? 0) + 1;
      turn += 1;
    }
  }
}

async function take(
  { grantId, expiresAt }: RequestCapacityResponse,
  workload: string,
  door: GrantDoor,
  { demand, random, onRelease }: RequestersOptions,
  answers: Answers,
): Promise<void> {
  answers.grants.push({ workload, jti: grantId, expiresAtMs: 1000 * (expiresAt?.seconds ?? 0) });
  if (random() >= demand.releasedRatio) return;
  onRelease(grantId);
  await door.release(workload, grantId);
  answers.released += 1;
}
