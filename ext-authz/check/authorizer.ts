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
import { boundedLoad, countAdmitted, countRefused, type EdgeRecord } from '../../core/admission/edge-record.ts';
import { takeLine } from '../../core/admission/line-allowance.ts';
import { loadCause } from '../../core/admission/load-limit.ts';
import { writeTicket } from '../../core/admission/load-ticket.ts';
import { readEstimate } from '../../core/admission/read-load.ts';
import { refusalMessage } from '../../core/admission/refusal-message.ts';
import { type RefusalReason, statusOf } from '../../core/admission/refusal-reason.ts';
import { shareOf, TokenCache } from '../../core/admission/token-cache.ts';
import type { RefusalCause } from '../../core/refusals/refusal-record.ts';
import { claimsCause, unverifiedCause } from '../../core/refusals/token-cause.ts';
import { checkClaims } from '../../core/token/check-claims.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeyRing } from '../ledger/key-ring.ts';
import { CheckRequestReader } from './check-request.ts';
import { encodeAdmission, encodeRefusal, type RefusalBody } from './check-response.ts';

export interface AuthorizerOptions {
  readonly mesh: string;
  /** This run of the sidecar: what calls reserve is known to it alone. */
  readonly instance: string;
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

const TOKENS_MAX = 10_000;
const ADMISSIONS_MAX = 10_000;
const PAUSE_MS = 1000;
const PRIOS = 10;
const REMEMBERED_LENGTH_MAX = 64;

/**
 * Decides calls: the whole of a check but its sockets. `answer` takes an encoded
 * CheckRequest and gives the gRPC frame of the CheckResponse, without waiting for
 * anything; it is total, since an error towards Envoy could let the call pass.
 */
export class Authorizer {
  /** Answers so far by refusal reason, `ok` for admissions. */
  readonly answers = new Map<RefusalReason | 'ok', number>();
  readonly #options: AuthorizerOptions;
  readonly #tokens: TokenCache;
  readonly #request = new CheckRequestReader();
  readonly #call = { prio: 0, retry: false };
  /** Encoded admissions by workload: one per priority, then as many with a line in the access log. */
  readonly #admissions = new Map<string, Buffer[]>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#tokens = new TokenCache(options.keys, options.tokensMax ?? TOKENS_MAX);
  }

  get tokenCount(): number {
    return this.#tokens.size;
  }

  answer(message: Buffer): Buffer {
    try {
      return this.#decide(message);
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a check failed');
      return this.#refuse(this.#options.ledger.unverified('', 0), 'internal');
    }
  }

  #decide(message: Buffer): Buffer {
    const { ledger, clock, mesh, keys } = this.#options;
    const request = this.#request;
    this.#call.prio = 0;
    this.#call.retry = false;
    const nowMs = clock.monotonicMs();
    if (!request.read(message) || request.service === '') {
      return this.#refuse(ledger.unverified('', nowMs), 'internal');
    }
    const { service } = request;
    if (!this.#options.isReady()) return this.#refuse(ledger.unverified(service, nowMs), 'mesh-degraded');
    if (request.token === '') return this.#decideAnonymous(service, nowMs);
    const token = this.#tokens.read(request.token);
    if (!token.ok) {
      return this.#refuse(ledger.unverified(service, nowMs), token.reason, { token: unverifiedCause(token.message) });
    }
    const { claims } = token.value;
    const invalid = checkClaims(claims, mesh, keys, clock.wallMs());
    if (invalid !== null) {
      return this.#refuse(ledger.unverified(service, nowMs), invalid, { token: claimsCause(claims, keys) });
    }
    const edge = ledger.findOrCount(claims.sub, service, nowMs);
    // A grant of nothing entitles to nothing, as a budget of 0 does.
    if (claims.cap.int === 0 || claims.cap.ptr === 0) {
      return this.#refuse(edge, 'edge-not-entitled', { emptyAxis: claims.cap.int === 0 ? 'int' : 'ptr' });
    }
    const share = edge.entitled ? shareOf(token.value, edge, nowMs) : null;
    return this.#decideEdge(edge, share, claims.prio, nowMs);
  }

  #decideAnonymous(service: string, nowMs: number): Buffer {
    const { ledger } = this.#options;
    const identity = ledger.anonymousOf(service);
    if (identity === undefined) return this.#refuse(ledger.unverified(service, nowMs), 'token-missing');
    const edge = ledger.findOrCount(identity.workload, service, nowMs);
    return this.#decideEdge(edge, null, identity.prio, nowMs);
  }

  #decideEdge(edge: EdgeRecord, share: TokenShare | null, ownPrio: number, nowMs: number): Buffer {
    const prio = lowerPrio(ownPrio, this.#request.priority);
    const call = this.#call;
    call.prio = prio;
    call.retry = Number(this.#request.attempt) > 1;
    if (call.retry) edge.retries += 1;
    const silentMs = nowMs - this.#options.lastWordMs();
    if (this.#request.cpu !== '' || this.#request.memoryMb !== '') {
      return this.#decideLoaded(edge, share, silentMs, nowMs);
    }
    const refusal = checkCall(edge, share, call, silentMs, nowMs);
    if (refusal === 'budget-exhausted') return this.#refuseByBucket(edge, share, nowMs);
    if (refusal !== null) return this.#refuse(edge, refusal);
    countAdmitted(edge, nowMs);
    this.#count('ok');
    return this.#admission(edge.workload, prio, takeLine(edge.lines, nowMs));
  }

  /** A call that says what it needs: the same decision as `checkOperation` in one process. */
  #decideLoaded(edge: EdgeRecord, share: TokenShare | null, silentMs: number, nowMs: number): Buffer {
    const { workload, service, timeoutMs, lines } = edge;
    const { prio, retry } = this.#call;
    const estimate = readEstimate(this.#request.cpu, this.#request.memoryMb);
    const load = boundedLoad(edge);
    const call = { prio, retry, estimate, breakerOpen: false, timeoutMs };
    const verdict = checkLoadedCall(edge, load, share, call, silentMs, nowMs);
    if (typeof verdict === 'string') {
      if (verdict === 'budget-exhausted') return this.#refuseByBucket(edge, share, nowMs);
      if (verdict === 'estimate-invalid') {
        const { cpu, memoryMb } = this.#request;
        return this.#refuse(edge, verdict, { estimate: { cpu: shortened(cpu), memoryMb: shortened(memoryMb) } });
      }
      if (verdict !== 'load-exhausted' || load === null || estimate === null) return this.#refuse(edge, verdict);
      return this.#refuse(
        edge,
        verdict,
        { load: loadCause(load, estimate, nowMs) },
        explainLoad(load, estimate, nowMs),
      );
    }
    countAdmitted(edge, nowMs);
    this.#count('ok');
    const logged = takeLine(lines, nowMs);
    if (verdict === null) return this.#admission(workload, prio, logged);
    const { instance } = this.#options;
    return encodeAdmission(workload, prio, logged, writeTicket({ instance, workload, service, id: verdict.id }));
  }

  #refuseByBucket(edge: EdgeRecord, share: TokenShare | null, nowMs: number): Buffer {
    const bucket = tightestBucket(edge, share, nowMs);
    return this.#refuse(edge, 'budget-exhausted', { bucket }, exhaustionOf(bucket));
  }

  #refuse(edge: EdgeRecord, reason: RefusalReason, cause?: RefusalCause, exhaustion?: Exhaustion): Buffer {
    countRefused(edge, reason);
    this.#count(reason);
    const body: RefusalBody = {
      reason,
      message: refusalMessage(reason),
      edge: `${edge.workload}/${edge.service}`,
      ...pauseOf(reason, exhaustion),
      id: this.#options.noteRefusal(edge, reason, this.#call, cause),
    };
    const grpcCaller = this.#request.contentType.startsWith('application/grpc');
    const isLogged = takeLine(edge.lines, this.#options.clock.monotonicMs());
    const logged = isLogged ? edge.workload : null;
    return encodeRefusal({ body, rateRps: exhaustion?.rateRps ?? 0, grpcCaller, logged });
  }

  #admission(workload: string, prio: number, logged: boolean): Buffer {
    let frames = this.#admissions.get(workload);
    if (frames === undefined) {
      if (this.#admissions.size >= ADMISSIONS_MAX) this.#admissions.clear();
      frames = Array.from({ length: 2 * PRIOS }, (_, i) => encodeAdmission(workload, i % PRIOS, i >= PRIOS));
      this.#admissions.set(workload, frames);
    }
    return frames[logged ? PRIOS + prio : prio] ?? encodeAdmission(workload, prio, logged);
  }

  #count(answer: RefusalReason | 'ok'): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}

function pauseOf(reason: RefusalReason, exhaustion?: Exhaustion): Pick<RefusalBody, 'remaining' | 'retryAfterMs'> {
  if (exhaustion !== undefined) return { remaining: exhaustion.remaining, retryAfterMs: exhaustion.retryAfterMs };
  return statusOf(reason).http === 503 ? { retryAfterMs: PAUSE_MS } : {};
}

/** A header as it is remembered: what callers send takes no room to speak of. */
const shortened = (text: string): string => (text.length <= REMEMBERED_LENGTH_MAX ? text : `${text.length} characters`);

/** The caller may only lower its priority (CONTRACT §F); anything but one digit is passed over. */
function lowerPrio(ownPrio: number, wanted: string): number {
  if (wanted.length !== 1 || wanted < '0' || wanted > '9') return ownPrio;
  return Math.min(ownPrio, Number(wanted));
}
