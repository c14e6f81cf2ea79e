import { guaranteedShares } from './rate-limits.ts';

/** What an edge asks of a capacity, and how much it counts beside others. */
export interface LoadAsker {
  /** C_int for CPU, C_ptr for memory; `null` = no limit. */
  readonly fraction: number | null;
  readonly weight: number;
}

/**
 * CPU-ms per second that the estimates of each edge may add up to: wf(cpuMsPerSec,
 * C_int·, w). An edge without C_int takes part as 1 and has no limit (CONTRACT §C, §D).
 */
export function cpuShares(cpuMsPerSec: number | null, edges: readonly LoadAsker[]): (number | null)[] {
  if (cpuMsPerSec === null) return edges.map(() => null);
  const shares = guaranteedShares(
    cpuMsPerSec,
    edges.map(({ fraction }) => fraction ?? 1),
    edges.map(({ weight }) => weight),
  );
  return edges.map(({ fraction }, i) => (fraction === null ? null : (shares[i] ?? 0)));
}

/**
 * MiB that the calls in flight of each edge may hold: wf(memoryMiB, C_ptr·, w).
 * As with N, an edge without C_ptr takes no part and has no limit (CONTRACT §D).
 */
export function memoryShares(memoryMiB: number | null, edges: readonly LoadAsker[]): (number | null)[] {
  if (memoryMiB === null) return edges.map(() => null);
  const pointed = edges.filter(({ fraction }) => fraction !== null);
  const shares = guaranteedShares(
    memoryMiB,
    pointed.map(({ fraction }) => fraction ?? 0),
    pointed.map(({ weight }) => weight),
  );
  return edges.map((edge) => (edge.fraction === null ? null : (shares[pointed.indexOf(edge)] ?? 0)));
}
