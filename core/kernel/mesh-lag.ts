import { CONFIG_GRACE_MS, type ConfigLag, type ConfigView, configLag } from '../gates/state-views.ts';
import type { NodeRollout } from './kernel-io.ts';
import type { KernelState, NodeRolloutState, NodeState } from './kernel-state.ts';
import { STALE_MS } from './stale.ts';

/** Notes since when each node is behind; a node that comes up to date is forgiven at once. */
export function noteRollout(state: KernelState, nodes: readonly NodeRollout[]): void {
  const before = state.rollout;
  state.rollout = new Map(
    nodes.map(({ node, connected, upToDate }): [string, NodeRolloutState] => [
      node,
      { connected, behindSinceMs: upToDate ? null : (before.get(node)?.behindSinceMs ?? state.nowMs) },
    ]),
  );
}

/**
 * State views of the whole mesh (MATHS §B2c): the share of the traffic on nodes
 * that have not acknowledged the current configuration, or their current lease,
 * for longer than the grace. A node that is gone altogether has no view; one that
 * is connected but sends no frames lags. `null` = there is no node.
 */
export function meshLag(state: KernelState): ConfigLag | null {
  const views: ConfigView[] = [];
  for (const node of state.nodes.values()) {
    const view = viewOf(state, node);
    if (view !== null) views.push(view);
  }
  return views.length === 0 ? null : configLag(views);
}

function viewOf(state: KernelState, { telemetry, edges }: NodeState): ConfigView | null {
  const rollout = state.rollout.get(telemetry.node);
  const silentMs = state.nowMs - telemetry.lastFrameMs;
  const stale = silentMs > STALE_MS;
  if (stale && !rollout?.connected) return null;
  const behindMs = Math.max(
    rollout?.behindSinceMs == null ? 0 : state.nowMs - rollout.behindSinceMs,
    stale ? CONFIG_GRACE_MS + silentMs - STALE_MS : leaseBehindMs(state, telemetry.node, telemetry.leaseSeq),
  );
  return { node: telemetry.node, calls: edges.calls, behindMs };
}

/** How long the oldest lease that a node has not acknowledged is on its way. */
function leaseBehindMs(state: KernelState, node: string, ackedSeq: number): number {
  const waiting = state.book.nodes.get(node)?.outstanding.find(({ seq }) => seq > ackedSeq);
  return waiting === undefined ? 0 : state.nowMs - waiting.issuedMs;
}
