import { isSilent } from '../allocators/lease-book.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import { type EdgeDelta, mergeDelta } from '../substrate/edge-delta.ts';
import type { NodeReport } from '../substrate/node-telemetry.ts';
import type { KernelState, NodeState } from './kernel-state.ts';
import { observeViews } from './observe-views.ts';

/** What nodes reported since the tick before; what happened on each edge is in `EdgeState.arrived`. */
export interface Gathered {
  /** T: mean length of the reports, s; 0 = nobody reported. */
  readonly durationSec: number;
  /** Edges and services of which this tick is not fully known. */
  readonly missingEdges: ReadonlySet<EdgeKey>;
  readonly missingServices: ReadonlySet<string>;
}

/** Takes the reports of all nodes and adds them up. */
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
  addUp(state, reports, durationSec);
  return { durationSec, missingEdges, missingServices };
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
  let last = '';
  for (const { service, delta } of report.edges) {
    // Nodes tell of the edges of one service after the other.
    if (service === last) continue;
    if (delta.offered !== 0 || delta.attempts !== 0 || delta.inFlight !== 0) {
      carried.add(service);
      last = service;
    }
  }
  node.carried = carried;
  if (report.durationSec > 0) node.edges.enter(report);
}

/** Hands the edges what all nodes together counted; a longer report is scaled to T so that rates add. */
function addUp({ nodes, services }: KernelState, reports: ReadonlyMap<string, NodeReport>, durationSec: number): void {
  for (const [name, report] of reports) {
    const edges = nodes.get(name)?.edges;
    if (edges === undefined || report.durationSec === 0) continue;
    const scale = durationSec / report.durationSec;
    const isScaled = Math.abs(scale - 1) >= 1e-9;
    for (const reported of report.edges) {
      const edge = edges.stateOf(reported, services);
      if (edge === null) continue;
      const delta = isScaled ? scaleDelta(reported.delta, scale) : reported.delta;
      if (edge.arrived === null) edge.arrived = delta;
      else mergeDelta(edge.arrived, delta);
    }
  }
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
