import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { StabilityActionRecord } from './stability-action.ts';

/** An action that is in force, or recorded as if it were. Monotonic milliseconds. */
export interface RunningAction {
  readonly record: StabilityActionRecord;
  readonly edges: readonly ActionEdge[];
  /** Whose latency is watched; empty = nobody's. */
  readonly victim: string;
  /** The victim's ln-latency tick by tick before the action. */
  readonly before: readonly number[];
  readonly startedMs: number;
  /** When its size changed last. */
  readonly steppedMs: number;
  readonly expiresMs: number;
  /** When somebody was told last. */
  readonly toldMs: number;
  /** Ticks since its size changed last, and ticks in a row in which it kept nobody away and no gate needed it. */
  readonly ticksAtSize: number;
  readonly calmTicks: number;
}

/** An edge that an action works on, and what the edge had when the action began. */
export interface ActionEdge {
  readonly key: EdgeKey;
  readonly usedRps: number;
  readonly usedInFlight: number;
  readonly guaranteeRps: number | null;
  /** For shed-priority: what this edge's calls are shed by. For shed-retries: whether sidecars shed them. */
  readonly shed: EdgeShed | null;
}

export interface EdgeShed {
  /** Calls of a lower priority are shed, `ratio` of them. */
  readonly belowPrio: number;
  /** 0 … 1. */
  readonly ratio: number;
  readonly retries: boolean;
}

/** Names what an action does to whom: there is never a second of it on a service. */
export const actionKey = ({ gate, kind, target }: Pick<StabilityActionRecord, 'gate' | 'kind' | 'target'>): string =>
  `${gate} ${kind} ${target}`;
