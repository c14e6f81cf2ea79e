import { isAmount } from './usable-number.ts';

/** Exact views must agree up to this: a lagging share of traffic, or a share of a budget (MATHS §B2c). */
export const STATE_DIFFERENCE_LIMIT = 0.01;
/** A configuration may be this long on its way to a node before the node counts as lagging. */
export const CONFIG_GRACE_MS = 30_000;

export interface ConfigView {
  readonly node: string;
  /** Calls that the node carried in the window. */
  readonly calls: number;
  /** How long it has not acknowledged the current version; 0 = it has. */
  readonly behindMs: number;
}

export interface ConfigLag {
  /** Δ_cfg: share of the traffic on nodes that lag. */
  readonly laggingShare: number;
  /** The lagging node that carries most; empty if none lags. */
  readonly laggard: string;
}

/**
 * Δ_cfg = share of the mesh's calls handled by nodes that have not acknowledged
 * the current configuration for longer than the grace (MATHS §B2c). Without any
 * call each node weighs the same. 0 for no nodes, NaN where a number is none.
 */
export function configLag(nodes: readonly ConfigView[], graceMs: number = CONFIG_GRACE_MS): ConfigLag {
  if (!nodes.every((node) => isAmount(node.calls) && node.behindMs >= 0))
    return { laggingShare: Number.NaN, laggard: '' };
  const calls = nodes.reduce((sum, node) => sum + node.calls, 0);
  const weight = (node: ConfigView) => (calls > 0 ? node.calls / calls : 1 / nodes.length);
  const lagging = nodes.filter((node) => node.behindMs > graceMs);
  const laggard = lagging.reduce<ConfigView | null>(
    (most, node) => (node.calls > (most?.calls ?? -1) ? node : most),
    null,
  );
  return { laggingShare: lagging.reduce((sum, node) => sum + weight(node), 0), laggard: laggard?.node ?? '' };
}

/**
 * Δ_led = |Σ spent by replicas − ledger| / budget, all in the same unit
 * (MATHS §B2c). Without a budget any difference at all is infinite; NaN where a
 * number is none.
 */
export function ledgerDifference(spentByReplicas: readonly number[], ledger: number, budget: number): number {
  if (![...spentByReplicas, ledger, budget].every(isAmount)) return Number.NaN;
  const difference = Math.abs(spentByReplicas.reduce((sum, spent) => sum + spent, 0) - ledger);
  return difference === 0 ? 0 : difference / budget;
}
