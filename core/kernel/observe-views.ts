import { isSilent } from '../allocators/lease-book.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { EdgeDelta } from '../substrate/edge-delta.ts';
import type { NodeReport } from '../substrate/node-telemetry.ts';
import type { EdgeState } from './edge-state.ts';
import { EdgeViews } from './edge-views.ts';
import type { KernelState } from './kernel-state.ts';

/**
 * Keeps the latencies of each edge apart by node, once there are several nodes
 * (MATHS §B2a). A node that went silent is no longer a view of anything. Whoever
 * joins does so before any node's answers are added, and counters that start again
 * end the views after that: which node reports first must not matter.
 */
export function observeViews(state: KernelState, reports: ReadonlyMap<string, NodeReport>): void {
  if (state.nodes.size < 2) return;
  eachDelta(state, reports, (edge, node, delta) => {
    edge.views ??= new EdgeViews();
    edge.views.join(node, delta.latencyBuckets);
  });
  eachDelta(state, reports, ({ views }, node, delta) => views?.add(node, delta.latencyBuckets));
  for (const { missing } of reports.values()) for (const key of missing) edgeOf(state, key)?.views?.restart();
  const gone = [...state.nodes.values()].filter(({ telemetry }) => isSilent(telemetry.lastFrameMs, state.nowMs));
  for (const service of state.services.values()) {
    for (const { views } of service.edges.values()) {
      if (views === null) continue;
      for (const { telemetry } of gone) views.forget(telemetry.node);
      views.roll();
    }
  }
}

function eachDelta(
  state: KernelState,
  reports: ReadonlyMap<string, NodeReport>,
  visit: (edge: EdgeState, node: string, delta: EdgeDelta) => void,
): void {
  for (const [node, report] of reports) {
    for (const reported of report.edges) {
      const edge = state.nodes.get(node)?.edges.stateOf(reported, state.services);
      if (edge && edge.budget !== null) visit(edge, node, reported.delta);
    }
  }
}

const edgeOf = (state: KernelState, key: EdgeKey): EdgeState | undefined =>
  state.services.get(key.slice(key.indexOf('/') + 1))?.edges.get(key);
