/** The four gates of CONTRACT §G, in the order in which they are shown. */
export const GATES = ['fit', 'gluing', 'uv', 'isolation'] as const;
export type GateName = (typeof GATES)[number];

/** UNKNOWN is never healthy; NOT_APPLICABLE means that there is nothing to judge and counts as passing. */
export type GateStatus = 'PASS' | 'FAIL' | 'UNKNOWN' | 'NOT_APPLICABLE';

export interface GateVerdict {
  readonly status: GateStatus;
  /** u = metric over threshold; passes at 1 and below; `null` where it cannot be computed. */
  readonly ratio: number | null;
  /** Why, for UNKNOWN and NOT_APPLICABLE; empty otherwise. */
  readonly reason: string;
  /** The worst edge or tenant by name; empty where there is none. */
  readonly worst: string;
  readonly evidence: Readonly<Record<string, number>>;
}

export type GateState = Readonly<Record<GateName, GateVerdict>>;
