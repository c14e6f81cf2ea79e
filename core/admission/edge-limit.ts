import { fullBucket, levelAt, type TokenBucket } from '../capacity/token-bucket.ts';

/** A sidecar's slice of one edge as the control plane leased it; shape of `capmesh.v1.EdgeLease`. */
export interface LeasedSlice {
  /** Calls per second; absent = no rate limit on this edge. */
  readonly rateRps?: number | undefined;
  readonly burst: number;
  /** Rate and burst once the lease has expired: guarantee over nodes. */
  readonly safeRateRps: number;
  readonly safeBurst: number;
  /** σ_e of the whole edge, calls. */
  readonly guaranteeBurst: number;
  /** How long the slice holds after the last word of the control plane. */
  readonly leaseMs: number;
}

/** The rate limit of one edge at one sidecar, changed in place. Monotonic milliseconds. */
export interface EdgeLimit {
  slice: LeasedSlice;
  /** In force now; `null` = no rate limit. */
  rateRps: number | null;
  burst: number;
  expired: boolean;
  /** Grows whenever rate or burst change, so that what is derived from them can be kept. */
  version: number;
  readonly bucket: TokenBucket;
}

/** A limit under `slice`, with a full bucket. */
export function createEdgeLimit(slice: LeasedSlice, nowMs: number): EdgeLimit {
  return {
    slice,
    rateRps: slice.rateRps ?? null,
    burst: slice.burst,
    expired: false,
    version: 1,
    bucket: fullBucket(slice.burst, nowMs),
  };
}

/** Puts a new slice in force; what is in the bucket stays, so that a new lease grants no second burst. */
export function renewSlice(limit: EdgeLimit, slice: LeasedSlice, nowMs: number): void {
  if (slice.guaranteeBurst !== limit.slice.guaranteeBurst) limit.version += 1;
  limit.slice = slice;
  enforce(limit, limit.expired, nowMs);
}

/** Fills the bucket, for an edge that nobody could call until now. */
export function fillLimit(limit: EdgeLimit, nowMs: number): void {
  limit.bucket.level = limit.burst;
  limit.bucket.atMs = nowMs;
}

/**
 * Follows the lease: expired once `silentMs`, the time since the last word of the
 * control plane, is longer than the lease, in force again with the next word
 * (DESIGN §3.7). An edge without rate limit has no safe rate either and stays so.
 */
export function followLease(limit: EdgeLimit, silentMs: number, nowMs: number): void {
  const expired = silentMs > limit.slice.leaseMs;
  if (expired !== limit.expired) enforce(limit, expired, nowMs);
}

function enforce(limit: EdgeLimit, expired: boolean, nowMs: number): void {
  const { slice, bucket } = limit;
  // Settles the bucket at the rate that held until now.
  if (limit.rateRps !== null) {
    bucket.level = levelAt(bucket, limit.rateRps, limit.burst, nowMs);
    bucket.atMs = Math.max(bucket.atMs, nowMs);
  }
  const unlimited = slice.rateRps === undefined;
  const rateRps = unlimited ? null : expired ? slice.safeRateRps : (slice.rateRps ?? null);
  const burst = expired ? slice.safeBurst : slice.burst;
  if (rateRps !== limit.rateRps || burst !== limit.burst) limit.version += 1;
  limit.expired = expired;
  limit.rateRps = rateRps;
  limit.burst = burst;
}
