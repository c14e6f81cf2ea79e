import { type Answer, isOk } from '../http/answer.ts';
import { BalancedPool } from '../http/balanced-pool.ts';
import { requestBytes } from '../http/request-bytes.ts';

/** Calls under way to one service at the same time; more fail at once. */
const IN_FLIGHT_MAX = 2048;
/** Longer than any route's time-out, so that the mesh answers first. */
const TIMEOUT_MS = 3_000;

/** The priority of a call as Envoy tells it to the service: one digit. Passed on, so that work for a batch job stays batch. */
export const PRIORITY_HEADER = 'x-capacity-priority';

/**
 * Calls one service through the mesh, in the name of the workload that `headers`
 * identifies; `priority` is that of the call which this one is made for.
 */
export type MeshCaller = (priority?: string) => Promise<Answer>;

export interface MeshCallerOptions {
  readonly host: string;
  /** Of the Envoys, which take turns. */
  readonly ports: readonly number[];
  readonly service: string;
  readonly headers: () => Readonly<Record<string, string>>;
  /** 1 = no retries. A failed call is made again at once; a refused one is not, since it was told to stay away. */
  readonly attemptsMax?: number;
}

export function meshCaller({ host, ports, service, headers, attemptsMax = 1 }: MeshCallerOptions): MeshCaller {
  const pool = new BalancedPool({ host, ports, inFlightMax: IN_FLIGHT_MAX, timeoutMs: TIMEOUT_MS });
  const attemptsOf = (more: Readonly<Record<string, string>>): (() => Buffer)[] =>
    Array.from({ length: attemptsMax }, (_, index) =>
      requestBytes(service, headers, index === 0 ? more : { ...more, 'x-capacity-attempt': `${index + 1}` }),
    );
  const plain = attemptsOf({});
  const ranked = Array.from({ length: 10 }, (_, prio) => attemptsOf({ [PRIORITY_HEADER]: `${prio}` }));
  const send = (request: Buffer): Promise<Answer> =>
    new Promise((resolve) => {
      if (!pool.send(request, resolve)) resolve({ kind: 'failed', cause: 'too-many-calls' });
    });
  return async (priority = '') => {
    let answer: Answer = { kind: 'failed', cause: 'not-sent' };
    for (const request of /^\d$/.test(priority) ? (ranked[Number(priority)] ?? plain) : plain) {
      answer = await send(request());
      if (isOk(answer) || (answer.kind === 'answered' && answer.denied !== null)) break;
    }
    return answer;
  };
}
