import { type Answer, isOk } from '../http/answer.ts';
import { BalancedPool } from '../http/balanced-pool.ts';
import { requestBytes } from '../http/request-bytes.ts';
import { withHeader } from '../http/with-header.ts';

/** Calls under way to one service at the same time; more fail at once. */
const IN_FLIGHT_MAX = 2048;
/** Longer than any route's time-out, so that the mesh answers first. */
const TIMEOUT_MS = 3_000;

/** Calls one service through the mesh, in the name of the workload that `headers` identifies. */
export type MeshCaller = () => Promise<Answer>;

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
  const requests = Array.from({ length: attemptsMax }, (_, index) =>
    requestBytes(service, index === 0 ? headers : withHeader(headers, 'x-capacity-attempt', `${index + 1}`)),
  );
  const send = (request: Buffer): Promise<Answer> =>
    new Promise((resolve) => {
      if (!pool.send(request, resolve)) resolve({ kind: 'failed', cause: 'too-many-calls' });
    });
  return async () => {
    let answer: Answer = { kind: 'failed', cause: 'not-sent' };
    for (const request of requests) {
      answer = await send(request());
      if (isOk(answer) || (answer.kind === 'answered' && answer.denied !== null)) break;
    }
    return answer;
  };
}
