import type { LeasedOverlay } from './edge-overlay.ts';
import type { LeasedTerms } from './edge-record.ts';

/** What one sidecar may let through, as it reads it; shape of `capmesh.v1.Lease`. */
export interface NodeLease {
  readonly epoch: number;
  /** Grows with every change. */
  readonly seq: number;
  readonly edges: readonly LeasedEdge[];
  /** Services that calls without a token may reach, and as whom. */
  readonly anonymous: readonly AnonymousCaller[];
}

/** One edge of a lease; shape of `capmesh.v1.EdgeLease`. */
export interface LeasedEdge extends LeasedTerms, LeasedOverlay {
  readonly workload: string;
  readonly service: string;
  /** An int or ptr of 0 entitles nobody. */
  readonly budget?: { readonly cInt?: number | undefined; readonly cPtr?: number | undefined } | undefined;
}

export interface AnonymousCaller {
  readonly service: string;
  readonly workload: string;
  /** 0 … 9; absent = 5. */
  readonly prio?: number | undefined;
}
