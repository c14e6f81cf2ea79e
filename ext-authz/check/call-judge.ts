import {
  type CallClass,
  checkCall,
  checkLoadedCall,
  type Exhaustion,
  exhaustionOf,
  explainLoad,
  type TokenShare,
  tightestBucket,
} from '../../core/admission/check-call.ts';
import type { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import {
  boundedLoad,
  countAdmitted,
  countBreakerRefused,
  countRefused,
  type EdgeRecord,
} from '../../core/admission/edge-record.ts';
import { type LoadEstimate, type LoadReservation, loadCause } from '../../core/admission/load-limit.ts';
import { isFull, timeOutOperations } from '../../core/admission/open-operations.ts';
import { refusalMessage } from '../../core/admission/refusal-message.ts';
import { type RefusalReason, statusOf } from '../../core/admission/refusal-reason.ts';
import { type CachedToken, shareOf, TokenCache } from '../../core/admission/token-cache.ts';
import type { RefusalCause, TokenCause } from '../../core/refusals/refusal-record.ts';
import { claimsCause, unverifiedCause } from '../../core/refusals/token-cause.ts';
import { UNVERIFIED_WORKLOAD } from '../../core/substrate/edge-stats.ts';
import { checkClaims } from '../../core/token/check-claims.ts';
import type { TokenReason } from '../../core/token/token-claims.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeyRing } from '../ledger/key-ring.ts';
import type { RefusalBody } from './check-response.ts';

export interface CallJudgeOptions {
  readonly mesh: string;
  readonly ledger: EdgeLedger;
  readonly keys: KeyRing;
  readonly clock: Clock;
  /** Monotonic time of the last word of the control plane. */
  readonly lastWordMs: () => number;
  /** Whether enough is known to judge a call; until then every call is refused with `mesh-degraded`. */
  readonly isReady: () => boolean;
  /** Remembers a refusal and gives it an id of its own. */
  readonly noteRefusal: (
    edge: EdgeRecord,
    reason: RefusalReason,
    call: CallClass,
    cause: RefusalCause | undefined,
  ) => string;
  readonly logger: Logger;
  /** Verified tokens that are kept; default 10 000. */
  readonly tokensMax?: number | undefined;
}

/** A call or an operation to be judged. One object may serve all that come through a door. */
export interface CallQuery {
  /** Empty = none was sent. */
  token: string;
  /** Empty = it is not known. */
  service: string;
  /** 0 … 9, may only lower that of the token; −1 = as the token says. */
  priority: number;
  /** A second or later attempt. */
  retry: boolean;
  /** `undefined` = it says nothing, and reserves nothing; `null` = what it says is no estimate. */
  estimate: LoadEstimate | null | undefined;
  /** It passes no proxy: the concurrency of its edge is held here. */
  isOperation: boolean;
}

/** What was decided. Every edge counts it already. */
export interface Verdict {
  readonly edge: EdgeRecord;
  /** Why it is refused; `null` = it may pass. */
  readonly reason: RefusalReason | null;
  /** 0 … 9, at which it may pass. */
  readonly prio: number;
  /** What is set aside until it is over. */
  readonly reservation: LoadReservation | null;
  /** Of the bucket that refused; `null` where none did. */
  readonly exhaustion: Exhaustion | null;
  /** The numbers behind a refusal, where it has some. */
  readonly cause: RefusalCause | undefined;
}

/** A token that does not hold. */
export interface RefusedToken {
  readonly reason: TokenReason;
  readonly cause: TokenCause;
}

const TOKENS_MAX = 10_000;
const PAUSE_MS = 1000;

/**
 * Decides calls and operations, for every door of the sidecar by the same tokens,
 * buckets and counters. Waits for nothing and allocates nothing for a call that
 * may pass.
 */
export class CallJudge {
  /** Calls and operations that were let pass so far. */
  #admitted = 0;
  readonly #refused = new Map<RefusalReason, number>();
  readonly #options: CallJudgeOptions;
  readonly #tokens: TokenCache;
  readonly #call = { prio: 0, retry: false };
  /** Of the newest query: written anew for the next. */
  readonly #verdict: { -readonly [Field in keyof Verdict]: Verdict[Field] };

  constructor(options: CallJudgeOptions) {
    this.#options = options;
    this.#tokens = new TokenCache(options.keys, options.tokensMax ?? TOKENS_MAX);
    const edge = options.ledger.unverified('', 0);
    this.#verdict = { edge, reason: null, prio: 0, reservation: null, exhaustion: null, cause: undefined };
  }

  /** Answers so far by refusal reason, `ok` for admissions. */
  get answers(): ReadonlyMap<RefusalReason | 'ok', number> {
    return new Map<RefusalReason | 'ok', number>([['ok', this.#admitted], ...this.#refused]);
  }

  get tokenCount(): number {
    return this.#tokens.size;
  }

  /**
   * The token of a text, or why it does not hold.
   *
   * @param lapsed it may have run out
   */
  readToken(text: string, lapsed = false): CachedToken | RefusedToken {
    const { clock, mesh, keys } = this.#options;
    const token = this.#tokens.read(text);
    if (!token.ok) return { reason: token.reason, cause: unverifiedCause(token.message) };
    const { claims } = token.value;
    const wallMs = clock.wallMs();
    const reason = checkClaims(claims, mesh, keys, lapsed ? Math.min(wallMs, 1000 * claims.exp) : wallMs);
    return reason === null ? token.value : { reason, cause: claimsCause(claims, keys) };
  }

  /** The verdict of `nowMs`, which is monotonic; it stands until the next query. */
  judge(query: CallQuery, nowMs: number): Verdict {
    const verdict = this.#verdict;
    verdict.reservation = null;
    verdict.exhaustion = null;
    verdict.cause = undefined;
    this.#call.prio = 0;
    this.#call.retry = false;
    if (query.service === '' && !query.isOperation) return this.#refuseUnverified(query, 'internal', nowMs);
    if (!this.#options.isReady()) return this.#refuseUnverified(query, 'mesh-degraded', nowMs);
    if (query.token === '') return this.#judgeAnonymous(query, nowMs);
    const token = this.readToken(query.token);
    if ('reason' in token) {
      verdict.cause = { token: token.cause };
      return this.#refuseUnverified(query, token.reason, nowMs);
    }
    const { claims } = token;
    const edge = this.#edgeOf(claims.sub, query, nowMs);
    // A grant of nothing entitles to nothing, as a budget of 0 does.
    if (claims.cap.int === 0 || claims.cap.ptr === 0) {
      verdict.cause = { emptyAxis: claims.cap.int === 0 ? 'int' : 'ptr' };
      return this.#refuse(edge, 'edge-not-entitled');
    }
    const share = edge.entitled ? shareOf(token, edge, nowMs) : null;
    return this.#judgeEdge(query, edge, share, claims.prio, nowMs);
  }

  /** The verdict on a query that could not be judged, because of a mistake of ours. */
  fail(error: unknown): Verdict {
    this.#options.logger.error({ err: error }, 'a check failed');
    this.#verdict.exhaustion = null;
    this.#verdict.cause = undefined;
    return this.#refuse(this.#options.ledger.unverified('', 0), 'internal');
  }

  /**
   * What whoever is refused is told. The refusal is remembered under the id in it.
   *
   * @param cause where a door knows more of it
   */
  refusalBody({ edge, exhaustion, cause: known }: Verdict, reason: RefusalReason, cause = known): RefusalBody {
    return {
      reason,
      message: refusalMessage(reason),
      edge: `${edge.workload}/${edge.service}`,
      ...pauseOf(reason, exhaustion),
      id: this.#options.noteRefusal(edge, reason, this.#call, cause),
    };
  }

  #judgeAnonymous(query: CallQuery, nowMs: number): Verdict {
    const identity = this.#options.ledger.anonymousOf(query.service);
    if (identity === undefined) return this.#refuseUnverified(query, 'token-missing', nowMs);
    return this.#judgeEdge(query, this.#edgeOf(identity.workload, query, nowMs), null, identity.prio, nowMs);
  }

  #judgeEdge(query: CallQuery, edge: EdgeRecord, share: TokenShare | null, ownPrio: number, nowMs: number): Verdict {
    const { priority, retry } = query;
    const call = this.#call;
    // The caller may only lower its priority (CONTRACT §F).
    call.prio = priority < 0 || priority > ownPrio ? ownPrio : priority;
    call.retry = retry;
    if (retry) edge.retries += 1;
    const silentMs = nowMs - this.#options.lastWordMs();
    if (query.isOperation || query.estimate !== undefined) {
      return this.#judgeLoaded(query, edge, share, silentMs, nowMs);
    }
    const refusal = checkCall(edge, share, call, silentMs, nowMs);
    if (refusal === null) return this.#admit(edge, null, nowMs);
    this.#explain(edge, share, refusal, null, nowMs);
    return this.#refuse(edge, refusal);
  }

  /** A call that says what it needs, or an operation: the same decision as `checkOperation` in one process. */
  #judgeLoaded(query: CallQuery, edge: EdgeRecord, share: TokenShare | null, silentMs: number, nowMs: number): Verdict {
    const { prio, retry } = this.#call;
    const { estimate = NOTHING } = query;
    const breakerOpen = query.isOperation && edge.entitled && this.#isFull(edge, nowMs);
    const call = { prio, retry, estimate, breakerOpen, timeoutMs: edge.timeoutMs };
    const verdict = checkLoadedCall(edge, boundedLoad(edge), share, call, silentMs, nowMs);
    if (typeof verdict !== 'string') return this.#admit(edge, verdict, nowMs);
    this.#explain(edge, share, verdict, estimate, nowMs);
    return this.#refuse(edge, verdict);
  }

  #isFull(edge: EdgeRecord, nowMs: number): boolean {
    const operations = this.#options.ledger.operationsOf(edge);
    timeOutOperations(operations, edge.load, nowMs);
    return isFull(operations, edge.maxRequests);
  }

  #admit(edge: EdgeRecord, reservation: LoadReservation | null, nowMs: number): Verdict {
    const verdict = this.#verdict;
    countAdmitted(edge, nowMs);
    this.#admitted += 1;
    verdict.edge = edge;
    verdict.reason = null;
    verdict.prio = this.#call.prio;
    verdict.reservation = reservation;
    return verdict;
  }

  /** Notes the bucket or the share of load that refused, and what is left of it. */
  #explain(
    edge: EdgeRecord,
    share: TokenShare | null,
    reason: RefusalReason,
    estimate: LoadEstimate | null,
    nowMs: number,
  ): void {
    const verdict = this.#verdict;
    const load = boundedLoad(edge);
    if (reason === 'budget-exhausted') {
      const bucket = tightestBucket(edge, share, nowMs);
      verdict.cause = { bucket };
      verdict.exhaustion = exhaustionOf(bucket);
    } else if (reason === 'load-exhausted' && load !== null && estimate !== null) {
      verdict.cause = { load: loadCause(load, estimate, nowMs) };
      verdict.exhaustion = explainLoad(load, estimate, nowMs);
    }
  }

  #refuseUnverified(query: CallQuery, reason: RefusalReason, nowMs: number): Verdict {
    const { ledger } = this.#options;
    const edge = this.#isListed(query)
      ? ledger.unverified(query.service, nowMs)
      : ledger.uncountedEdge(UNVERIFIED_WORKLOAD, query.service, nowMs);
    return this.#refuse(edge, reason);
  }

  #edgeOf(workload: string, query: CallQuery, nowMs: number): EdgeRecord {
    const { ledger } = this.#options;
    return this.#isListed(query)
      ? ledger.findOrCount(workload, query.service, nowMs)
      : ledger.uncountedEdge(workload, query.service, nowMs);
  }

  /** Envoy asks for services of the mesh alone; what an operation names may be anything, and must fill no table. */
  #isListed({ isOperation, service }: CallQuery): boolean {
    return !isOperation || this.#options.ledger.hasService(service);
  }

  #refuse(edge: EdgeRecord, reason: RefusalReason): Verdict {
    const verdict = this.#verdict;
    if (reason === 'breaker-open' && edge.operations !== null) countBreakerRefused(edge, edge.operations);
    else countRefused(edge, reason);
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    verdict.edge = edge;
    verdict.reason = reason;
    return verdict;
  }
}

const NOTHING: LoadEstimate = { cpu: 0, memoryMb: 0 };

function pauseOf(
  reason: RefusalReason,
  exhaustion: Exhaustion | null,
): Pick<RefusalBody, 'remaining' | 'retryAfterMs'> {
  if (exhaustion !== null) return { remaining: exhaustion.remaining, retryAfterMs: exhaustion.retryAfterMs };
  return statusOf(reason).http === 503 ? { retryAfterMs: PAUSE_MS } : {};
}
