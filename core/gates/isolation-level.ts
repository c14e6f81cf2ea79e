import type { LatencyCell } from './fit-latency.ts';
import type { GateVerdict } from './gate-state.ts';
import { isAmount } from './usable-number.ts';
import { judge, notApplicable, unknown } from './verdict.ts';

/** ln 1.5: a latency half as high again as the own load explains is the limit (MATHS §B4, CONTRACT §G). */
export const LEVEL_LIMIT = Math.log(1.5);
/** Standard errors of ȳ that the limit must span. */
const LEVEL_Z = 5;

/**
 * u = max(0, ȳ − ŷ)/ln 1.5: how far the victim's latency stands above what its
 * own load explains (CONTRACT §G). Sees the neighbour that stays, to which
 * differences are blind. `null` = nothing learned about the own load yet.
 */
export function isolationLevel(level: LatencyCell | null): GateVerdict {
  if (level === null) return unknown('warmup');
  if (level.count === 0) return notApplicable('no-traffic');
  const excess = level.meanLog - level.expectedMeanLog;
  if (!Number.isFinite(excess) || !isAmount(level.count) || !isAmount(level.varianceLog)) return unknown('nonfinite');
  if (!(level.count >= levelMassNeeded(level.varianceLog))) return unknown('insufficient_mass');
  const ratio = Math.max(0, excess) / LEVEL_LIMIT;
  return judge(ratio, { evidence: { isolation_level: ratio } });
}

/** Answers with which five standard errors √(s²/n) of ȳ still fit into the limit. */
export const levelMassNeeded = (varianceLog: number): number => (LEVEL_Z / LEVEL_LIMIT) ** 2 * varianceLog;

export interface LoadHolder {
  readonly name: string;
  /** Mean load in the window. */
  readonly meanLoad: number;
  /** Load that the tenant's budget entitles it to, in the same unit; `null` = no limit. */
  readonly entitledLoad: number | null;
}

/**
 * The tenant that a raised level is put down to: the one furthest above what it
 * is entitled to, or, if all keep within it, the one with the largest load.
 * Empty if nobody has any load. A suspicion: only lowering its load proves it.
 */
export function likelyAntagonist(others: readonly LoadHolder[]): string {
  const excess = ({ meanLoad, entitledLoad }: LoadHolder) => meanLoad - (entitledLoad ?? meanLoad);
  const over = others.filter((other) => excess(other) > 0);
  const [first] = over.length > 0 ? over.toSorted((a, b) => excess(b) - excess(a)) : byLoad(others);
  return first !== undefined && first.meanLoad > 0 ? first.name : '';
}

const byLoad = (others: readonly LoadHolder[]) => others.toSorted((a, b) => b.meanLoad - a.meanLoad);
