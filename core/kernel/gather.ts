import { isSilent } from '../allocators/lease-book.ts';
import type { RateByEdge } from '../allocators/plan-input.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import { type EdgeDelta, mergeDelta } from '../substrate/edge-delta.ts';
import type { NodeReport } from '../substrate/node-telemetry.ts';
import { callsOf } from './edge-state.ts';
import type { KernelState, NodeState } from './kernel-state.ts';
import { observeViews } from './observe-views.ts';

/** Reports that the offered rate of an edge is averaged over, about two seconds. */
const OFFERED_REPORTS = 2;

/** Everything that nodes reported since the tick before. */
export interface Gathered {
  /** T: mean length of the reports, s; 0 = nobody reported. */
  readonly durationSec: number;
  readonly edges: ReadonlyMap<EdgeKey, EdgeDelta>;
  /** Edges and services of which this tick is not fully known. */
  readonly missingEdges: ReadonlySet<EdgeKey>;
  readonly missingServices: ReadonlySet<string>;
}

/** Takes the reports of all nodes and adds them up; a longer report is scaled to T so that rates add. */
export function gather(state: KernelState): Gathered {
  const reports = new Map<string, NodeReport>();
  const missingServices = new Set<string>();
  const missingEdges = new Set<EdgeKey>();
  for (const [name, node] of state.nodes) {
    const report = node.telemetry.take();
    if (report === null) noteMissedTick(node, state.nowMs, missingServices);
    else {
      noteReport(node, report);
      reports.set(name, report);
      for (const key of report.missing) missingEdges.add(key);
    }
  }
  for (const key of missingEdges) missingServices.add(serviceOf(key));
  observeViews(state, reports);
  const measured = [...reports.values()].filter((report) => report.durationSec > 0);
  const durationSec = measured.reduce((sum, report) => sum + report.durationSec, 0) / Math.max(1, measured.length);
  return { durationSec, edges: addUp(measured, durationSec), missingEdges, missingServices };
}

/** The service that an edge leads to. */
export const serviceOf = (key: EdgeKey): string => key.slice(key.indexOf('/') + 1);

/** A node that is late once leaves a hole in the services that it carries; later it counts as gone. */
function noteMissedTick(node: NodeState, nowMs: number, missingServices: Set<string>): void {
  node.missedTicks++;
  if (node.missedTicks > 1 || isSilent(node.telemetry.lastFrameMs, nowMs)) return;
  for (const service of node.carried) missingServices.add(service);
}

function noteReport(node: NodeState, report: NodeReport): void {
  node.missedTicks = 0;
  const carried = new Set<string>();
  const calls = new Map<EdgeKey, number>();
  let total = 0;
  for (const [key, delta] of report.deltas) {
    if (delta.offered === 0 && delta.attempts === 0 && delta.inFlight === 0) continue;
    carried.add(serviceOf(key));
    calls.set(key, delta.offered);
    total += callsOf(delta);
  }
  node.carried = carried;
  if (report.durationSec > 0) node.offered.unshift({ durationSec: report.durationSec, calls, total });
  node.offered.length = Math.min(node.offered.length, OFFERED_REPORTS);
}

function addUp(reports: readonly NodeReport[], durationSec: number): ReadonlyMap<EdgeKey, EdgeDelta> {
  const [only, ...others] = reports;
  if (only !== undefined && others.length === 0) return only.deltas;
  const edges = new Map<EdgeKey, EdgeDelta>();
  for (const report of reports) {
    const scale = durationSec / report.durationSec;
    for (const [key, delta] of report.deltas) {
      const scaled = Math.abs(scale - 1) < 1e-9 ? delta : scaleDelta(delta, scale);
      const total = edges.get(key);
      if (total) mergeDelta(total, scaled);
      else edges.set(key, scaled);
    }
  }
  return edges;
}

function scaleDelta(delta: EdgeDelta, scale: number): EdgeDelta {
  return {
    ...delta,
    offered: delta.offered * scale,
    admitted: delta.admitted * scale,
    refused: Object.fromEntries(Object.entries(delta.refused).map(([reason, count]) => [reason, count * scale])),
    attempts: delta.attempts * scale,
    retries: delta.retries * scale,
    failures: delta.failures * scale,
    timeouts: delta.timeouts * scale,
    breakerRefused: delta.breakerRefused * scale,
    nativeRefused: delta.nativeRefused * scale,
    latencyBuckets: delta.latencyBuckets.map((count) => count * scale),
    latencySumMs: delta.latencySumMs * scale,
  };
}

/** Calls per second that a node is offered on each edge, over its last reports; asked of each edge, not written down. */
export function offeredOnNode({ offered }: NodeState): RateByEdge {
  const reports = [...offered];
  const durationSec = reports.reduce((sum, report) => sum + report.durationSec, 0);
  return {
    get: (key) => {
      let rate = 0;
      for (const { calls } of reports) rate += (calls.get(key) ?? 0) / durationSec;
      return rate;
    },
  };
}
