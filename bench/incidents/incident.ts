import { type Answer, isOk } from '../../demo/http/answer.ts';

/** Refusals that an overload may bring. */
const EXPECTED_REFUSALS: ReadonlySet<string> = new Set(['breaker-open', 'shed-priority']);
/** The route's time-out. */
const TIMEOUT_STATUS = 504;

/** What the control plane did about an incident. Times are UTC milliseconds. */
export interface Reaction {
  /** u of the fit gate when it failed. */
  readonly ratio: number;
  /** The tick that failed the gate, and the tick that decided the action. */
  readonly failedMs: number;
  readonly actedMs: number;
  /** Every node had acknowledged the limits. */
  readonly acknowledgedMs: number;
}

/** One overload of one service, as its caller sees it. Times are UTC milliseconds. */
export class Incident {
  readonly service: string;
  readonly onsetMs: number;
  readonly endMs: number;
  /** A good answer later than this breaks the service's promise; set before the onset. */
  promiseMs = Number.POSITIVE_INFINITY;
  /** `null` until the control plane has acted and all nodes have followed. */
  reaction: Reaction | null = null;
  #firstBadMs: number | null = null;
  readonly #keptMs: number[] = [];

  constructor(service: string, onsetMs: number, endMs: number) {
    this.service = service;
    this.onsetMs = onsetMs;
    this.endMs = endMs;
  }

  /** First answer that was late, or timed out. */
  get firstBadMs(): number | null {
    return this.#firstBadMs;
  }

  /** First answer within the promise after all nodes had the new limits and before the load fell; `null` = there was none. */
  get effectMs(): number | null {
    const { reaction, endMs } = this;
    if (reaction === null) return null;
    return this.#keptMs.find((atMs) => atMs >= reaction.acknowledgedMs && atMs <= endMs) ?? null;
  }

  answered(answer: Answer, latencyMs: number, atMs: number): void {
    if (isOk(answer) && latencyMs <= this.promiseMs) {
      if (this.#firstBadMs !== null) this.#keptMs.push(atMs);
    } else if (isOk(answer) || isTimeout(answer)) this.#firstBadMs ??= atMs;
  }
}

const isTimeout = (answer: Answer): boolean =>
  answer.kind === 'failed' ? answer.cause === 'timeout' : answer.status === TIMEOUT_STATUS && answer.denied === null;

/** Whether neither health nor a held overload explains an answer. */
export const isUnexpected = (answer: Answer): boolean =>
  !isOk(answer) &&
  !isTimeout(answer) &&
  !(answer.kind === 'answered' && answer.denied !== null && EXPECTED_REFUSALS.has(answer.denied));
