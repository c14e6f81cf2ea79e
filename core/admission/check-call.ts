import { tokenLimit } from '../capacity/burst.ts';
import { covers, debit, fullBucket, levelAt, retryAfterMs, type TokenBucket } from '../capacity/token-bucket.ts';
import type { BucketCause } from '../refusals/refusal-record.ts';
import { type EdgeLimit, followLease } from './edge-limit.ts';
import { type EdgeOverlay, overlayRefusal } from './edge-overlay.ts';
import {
  type LoadEstimate,
  type LoadLimit,
  type LoadReservation,
  loadFits,
  loadRetryAfterMs,
  reserveLoad,
} from './load-limit.ts';
import type { RefusalReason } from './refusal-reason.ts';

/** One edge as a check sees it. */
export interface EdgeState {
  /** Has a budget line whose int and ptr are not 0. */
  entitled: boolean;
  /** Actions in force. */
  readonly overlay: EdgeOverlay;
  readonly limit: EdgeLimit;
}

/** What actions may judge a call by. */
export interface CallClass {
  /** 0 (first to be shed) … 9. */
  readonly prio: number;
  /** A second or later attempt. */
  readonly retry: boolean;
}

/** What one token may do on one edge: its own bucket inside the edge's. */
export interface TokenShare {
  /** The grant's int fraction; `null` = whatever the budget says. */
  readonly intShare: number | null;
  rateRps: number;
  burst: number;
  /** `EdgeLimit.version` that rate and burst were derived from; 0 = none yet. */
  version: number;
  readonly bucket: TokenBucket;
}

/** Longest pause that a refusal asks for. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** The share of a token with fraction `intShare` on an edge, with a full bucket. */
export function createTokenShare(intShare: number | null, limit: EdgeLimit, nowMs: number): TokenShare {
  const share: TokenShare = { intShare, rateRps: 0, burst: 0, version: 0, bucket: fullBucket(0, nowMs) };
  deriveShare(share, limit);
  share.bucket.level = share.burst;
  return share;
}

/**
 * The verdict on one call whose token holds, in the order of CONTRACT §F:
 * entitlement and fence, shed, then token bucket and edge bucket, looked at
 * together and debited together: a refusal charges nothing. `null` = admitted
 * and charged. Allocates nothing unless the edge's limit has just changed.
 *
 * @param share the token's bucket on this edge; `null` for an anonymous call
 * @param silentMs time since the last word of the control plane
 * @param nowMs monotonic
 */
export function checkCall(
  edge: EdgeState,
  share: TokenShare | null,
  call: CallClass,
  silentMs: number,
  nowMs: number,
): RefusalReason | null {
  return refusalBeforeLoad(edge, call, nowMs) ?? takeCall(edge, share, silentMs, nowMs);
}

/** A call that says what it needs. */
export interface LoadedCall extends CallClass {
  /** `null` = what it says is no estimate. */
  readonly estimate: LoadEstimate | null;
  /** As many calls as may run at once do; false where a proxy behind the check sees to it. */
  readonly breakerOpen: boolean;
  /** Time-out of the route: what is reserved is freed then at the latest. */
  readonly timeoutMs: number;
}

/**
 * `checkCall` with breaker and load estimate before the buckets; all of them are
 * charged, or none. A reservation = admitted; it is to be settled when the call is
 * over. `null` = admitted, and nothing is set aside.
 *
 * @param load `null` = no limit
 */
export function checkLoadedCall(
  edge: EdgeState,
  load: LoadLimit | null,
  share: TokenShare | null,
  call: LoadedCall,
  silentMs: number,
  nowMs: number,
): RefusalReason | LoadReservation | null {
  const { estimate } = call;
  const refusal = refusalBeforeLoad(edge, call, nowMs);
  if (refusal !== null) return refusal;
  if (call.breakerOpen) return 'breaker-open';
  if (estimate === null) return 'estimate-invalid';
  if (load === null) return takeCall(edge, share, silentMs, nowMs);
  if (!loadFits(load, estimate, nowMs)) return 'load-exhausted';
  return takeCall(edge, share, silentMs, nowMs) ?? reserveLoad(load, estimate, call.timeoutMs, nowMs);
}

function refusalBeforeLoad(edge: EdgeState, { prio, retry }: CallClass, nowMs: number): RefusalReason | null {
  return edge.entitled ? overlayRefusal(edge.overlay, prio, retry, nowMs) : 'edge-not-entitled';
}

function takeCall(edge: EdgeState, share: TokenShare | null, silentMs: number, nowMs: number): RefusalReason | null {
  const { limit } = edge;
  followLease(limit, silentMs, nowMs);
  if (limit.rateRps === null) return null;
  const edgeLevel = levelAt(limit.bucket, limit.rateRps, limit.burst, nowMs);
  if (!covers(edgeLevel, 1)) return 'budget-exhausted';
  if (share !== null) {
    if (share.version !== limit.version) deriveShare(share, limit);
    const tokenLevel = levelAt(share.bucket, share.rateRps, share.burst, nowMs);
    if (!covers(tokenLevel, 1)) return 'budget-exhausted';
    debit(share.bucket, tokenLevel, 1, nowMs);
  }
  debit(limit.bucket, edgeLevel, 1, nowMs);
  return null;
}

/** What a caller refused by a bucket is told; taken from the bucket that makes it wait longest. */
export interface Exhaustion {
  readonly retryAfterMs: number;
  /** Whole calls left, 0 unless another bucket refused. */
  readonly remaining: number;
  readonly rateRps: number;
}

/** The bucket behind a `budget-exhausted` of the same `nowMs`: the token's where it makes the call wait longer than the edge's. */
export function tightestBucket(edge: EdgeState, share: TokenShare | null, nowMs: number): BucketCause {
  const { limit } = edge;
  const rateRps = limit.rateRps ?? 0;
  const level = levelAt(limit.bucket, rateRps, limit.burst, nowMs);
  const ofEdge = { byToken: false, rateRps, burst: limit.burst, level, leaseExpired: limit.expired };
  if (share === null) return ofEdge;
  const ofToken = {
    byToken: true,
    rateRps: share.rateRps,
    burst: share.burst,
    level: levelAt(share.bucket, share.rateRps, share.burst, nowMs),
    intShare: share.intShare ?? undefined,
    leaseExpired: limit.expired,
  };
  return pauseMs(ofToken) > pauseMs(ofEdge) ? ofToken : ofEdge;
}

/** Explains a `budget-exhausted` of the same `nowMs`. */
export const explainExhaustion = (edge: EdgeState, share: TokenShare | null, nowMs: number): Exhaustion =>
  exhaustionOf(tightestBucket(edge, share, nowMs));

/** Explains a `load-exhausted` of the same `nowMs`. A call that never fits is told the longest pause: shares change. */
export const explainLoad = (load: LoadLimit, estimate: LoadEstimate, nowMs: number): Exhaustion => ({
  retryAfterMs: Math.min(RETRY_AFTER_MAX_MS, loadRetryAfterMs(load, estimate, nowMs)),
  remaining: 0,
  rateRps: 0,
});

/** What a caller is told of the bucket that refused it. */
export const exhaustionOf = (bucket: BucketCause): Exhaustion => ({
  retryAfterMs: pauseMs(bucket),
  remaining: Math.max(0, Math.floor(bucket.level)),
  rateRps: bucket.rateRps,
});

const pauseMs = ({ burst, level, rateRps }: BucketCause): number =>
  Math.min(RETRY_AFTER_MAX_MS, burst < 1 ? RETRY_AFTER_MAX_MS : retryAfterMs(level, rateRps, 1));

function deriveShare(share: TokenShare, limit: EdgeLimit): void {
  const slice = { rateRps: limit.rateRps ?? 0, burst: limit.burst };
  const { rateRps, burst } = tokenLimit(share.intShare, slice, limit.slice.guaranteeBurst);
  share.rateRps = rateRps;
  share.burst = burst;
  share.version = limit.version;
}
