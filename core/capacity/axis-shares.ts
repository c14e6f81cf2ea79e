import { at } from '../at.ts';
import { guaranteedShares } from './rate-limits.ts';

/** Who asks for a part of a capacity, and how much it counts beside others. */
export interface ShareAsker {
  /** C_int or C_ptr; `null` = no limit. */
  readonly fraction: number | null;
  readonly weight: number;
}

/**
 * wf(capacity, C_int·, w): calls per second, or CPU-ms per second of load
 * estimates. Who has no C_int takes part as 1 and has no limit (CONTRACT §C, §D).
 */
export function couplingShares(capacity: number | null, askers: readonly ShareAsker[]): (number | null)[] {
  if (capacity === null) return askers.map(() => null);
  const shares = guaranteedShares(
    capacity,
    askers.map(({ fraction }) => fraction ?? 1),
    askers.map(({ weight }) => weight),
  );
  return askers.map(({ fraction }, i) => (fraction === null ? null : at(shares, i)));
}

/**
 * wf(capacity, C_ptr·, w): MiB that calls in flight may hold by their estimates.
 * As with N, who has no C_ptr takes no part and has no limit (CONTRACT §D).
 */
export function pointerShares(capacity: number | null, askers: readonly ShareAsker[]): (number | null)[] {
  if (capacity === null) return askers.map(() => null);
  const pointed = askers.filter(({ fraction }) => fraction !== null);
  const shares = guaranteedShares(
    capacity,
    pointed.map(({ fraction }) => fraction ?? 0),
    pointed.map(({ weight }) => weight),
  );
  return askers.map((asker) => (asker.fraction === null ? null : at(shares, pointed.indexOf(asker))));
}
