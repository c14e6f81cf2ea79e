import type { BudgetConfig, EdgeKey } from '../mesh/mesh-config.ts';
import type { EdgeDelta } from '../substrate/edge-delta.ts';
import { EdgeWindow } from '../substrate/edge-window.ts';
import { LatencyModel } from '../substrate/latency-model.ts';
import { EdgeSums } from '../substrate/window-sums.ts';
import { EdgeModel } from './edge-model.ts';
import type { EdgeViews } from './edge-views.ts';

/** What the kernel knows about one edge. Changed in place by the tick. */
export interface EdgeState {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly service: string;
  /** `null` for calls without identity: they count for the service's load, never for a gate (CONTRACT §F). */
  budget: BudgetConfig | null;
  tenant: string;
  readonly window: EdgeWindow;
  /** Sums over the window of its service, as of the newest tick. */
  readonly sums: EdgeSums;
  readonly model: EdgeModel;
  /** ŷ by the load of the whole service. */
  readonly latency: LatencyModel;
  /** Latencies as several nodes see them; `null` while there is one node. */
  views: EdgeViews | null;
  /** What nodes reported for this tick, until it is observed. */
  arrived: EdgeDelta | null;
  /** The newest tick that was not missing, and its length; `null` before. */
  newest: EdgeDelta | null;
  newestSec: number;
}

/** Forgets what was learned of an edge. */
export function unlearn(edge: EdgeState): void {
  edge.model.clear();
  edge.latency.clear();
}

/** An edge of which nothing is known yet, and that has no budget so far. */
export function createEdgeState(key: EdgeKey, workload: string, service: string): EdgeState {
  return {
    key,
    workload,
    service,
    budget: null,
    tenant: workload,
    window: new EdgeWindow(),
    sums: new EdgeSums(),
    model: new EdgeModel(),
    latency: new LatencyModel(),
    views: null,
    arrived: null,
    newest: null,
    newestSec: 0,
  };
}
