import type { RefusalReason } from '../admission/refusal-reason.ts';

/** One call that a sidecar refused, with what stood against it at that moment; fields of `capmesh.v1.RefusalRecord`. */
export interface RefusalRecord extends RefusalCause {
  readonly node: string;
  /** `~unverified` where the caller was not known. */
  readonly workload: string;
  readonly service: string;
  readonly reason: RefusalReason;
  /** UTC milliseconds. */
  readonly atMs: number;
  /** 0 (first to be shed) … 9. */
  readonly prio: number;
  /** A second or later attempt. */
  readonly retry: boolean;
}

/** The numbers behind a refusal; at most one of them is there. */
export interface RefusalCause {
  readonly bucket?: BucketCause | undefined;
  readonly load?: LoadCause | undefined;
  readonly shed?: ShedCause | undefined;
  readonly token?: TokenCause | undefined;
  readonly estimate?: EstimateCause | undefined;
  /** Axis of the token's grant that is 0, so that it entitles to nothing. */
  readonly emptyAxis?: string | undefined;
}

/** A token bucket at one node that did not hold a whole call. */
export interface BucketCause {
  /** The bucket of the token, inside that of the edge. */
  readonly byToken: boolean;
  readonly rateRps: number;
  readonly burst: number;
  /** Calls left in it. */
  readonly level: number;
  /** What the token's grant is of the workload's budget; absent = all of it. */
  readonly intShare?: number | undefined;
  /** The control plane was not heard for longer than the lease: this is the safe share. */
  readonly leaseExpired: boolean;
}

/** A share of load at one node that a call did not fit into. */
export interface LoadCause {
  /** `cpu`: CPU-ms, of one second; `memory`: MiB of calls in flight; `calls`: as many are open as can be kept. */
  readonly resource: string;
  readonly limit: number;
  readonly used: number;
  /** What the call would have reserved: its estimate, corrected by how wrong earlier ones were. */
  readonly needed: number;
  readonly estimated: number;
}

/** An action that turned a call away for its priority, or for being a retry. */
export interface ShedCause {
  readonly belowPrio: number;
  /** Share of them that is shed, 0 … 1. */
  readonly ratio: number;
  readonly retries: boolean;
}

/** What was wrong with a token. UTC milliseconds. */
export interface TokenCause {
  /** Of a token that could not be read or verified; empty otherwise. */
  readonly fault: string;
  /** Whose token it is; empty where it could not be verified, as the fields that follow are. */
  readonly workload: string;
  readonly grantId: string;
  readonly audience: string;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  readonly generation: number;
  /** The lowest generation that was good at the node. */
  readonly generationNeeded: number;
}

/** Headers that are no estimate, as they were sent. */
export interface EstimateCause {
  readonly cpu: string;
  readonly memoryMb: string;
}
