import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { GATES } from '../../core/gates/gate-state.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import type { TickReport } from '../loop/kernel-loop.ts';
import { addAdmissionGauges } from './admission-gauges.ts';
import { edgeSeries } from './edge-series.ts';

/** What is asked at every scrape. Counters are totals since the start. */
export interface MetricSources {
  /** What this replica's kernel knows; `null` = it runs none. So a sum over replicas counts a mesh once. */
  readonly view: () => MeshView | null;
  readonly leadership: () => { readonly role: 'leader' | 'follower'; readonly epoch: number };
  readonly replicas: () => number;
  readonly casConflicts: () => number;
  readonly droppedFrames: () => number;
  readonly droppedEffects: () => number;
  readonly nodes: () => readonly { readonly connected: boolean; readonly upToDate: boolean }[];
}

export interface ControlPlaneMetrics {
  readonly registry: Registry;
  observeTick(tick: TickReport): void;
  /** A node has caught up with what is served. */
  observeApplied(behindMs: number): void;
  countNack(): void;
  countPlan(): void;
}

const NO_KERNEL: Pick<MeshView, 'services' | 'edges'> = { services: [], edges: [] };
const STATUS_VALUES = { PASS: 0, NOT_APPLICABLE: 0, UNKNOWN: 1, FAIL: 2 } as const;

/** The registry behind `/metrics`. */
export function createControlPlaneMetrics(sources: MetricSources): ControlPlaneMetrics {
  const registry = new Registry();
  const registers = [registry];
  addMeshGauges(registry, () => sources.view() ?? NO_KERNEL);
  addAdmissionGauges(registry, () => sources.view()?.admission ?? null);
  addLeadership(registry, sources);
  addTotals(registry, sources);
  const ticks = new Histogram({
    name: 'capmesh_tick_duration_seconds',
    help: 'Time that one tick of the kernel takes',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25],
    registers,
  });
  const frameAges = new Histogram({
    name: 'capmesh_frame_age_seconds',
    help: 'Age of a frame when the kernel ticks on it, by the clocks of node and control plane',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2],
    registers,
  });
  const applied = new Histogram({
    name: 'capmesh_xds_apply_seconds',
    help: 'Time from serving something new to a node having acknowledged all of it',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers,
  });
  const nacks = new Counter({ name: 'capmesh_xds_nacks_total', help: 'Resources that a node refused', registers });
  const plans = new Counter({ name: 'capmesh_plans_total', help: 'Capacity plans published', registers });
  return {
    registry,
    observeTick: ({ durationMs, frameAgesMs }) => {
      ticks.observe(durationMs / 1000);
      for (const ageMs of frameAgesMs) frameAges.observe(ageMs / 1000);
    },
    observeApplied: (behindMs) => applied.observe(behindMs / 1000),
    countNack: () => nacks.inc(),
    countPlan: () => plans.inc(),
  };
}

function addTotals(registry: Registry, sources: MetricSources): void {
  const total = (name: string, help: string, value: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  };
  total('capmesh_ledger_cas_conflicts_total', 'Account writes that another writer overtook', sources.casConflicts);
  total('capmesh_frames_dropped_total', 'Telemetry frames refused', sources.droppedFrames);
  total('capmesh_effects_dropped_total', 'Leases and events given up because too many waited', sources.droppedEffects);
  new Gauge({
    name: 'capmesh_nodes',
    help: 'Nodes by the state of their xDS stream',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const nodes = sources.nodes();
      this.set({ state: 'connected' }, nodes.filter((node) => node.connected).length);
      this.set({ state: 'up_to_date' }, nodes.filter((node) => node.upToDate).length);
    },
  });
}

function addLeadership(registry: Registry, { leadership, replicas }: MetricSources): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  gauge('capmesh_leader', '1 while this replica leads', () => (leadership().role === 'leader' ? 1 : 0));
  gauge('capmesh_leader_epoch', 'Newest epoch of a leader that this replica knows', () => leadership().epoch);
  gauge('capmesh_replicas', 'Replicas of the control plane that live, this one included', replicas);
}

function addMeshGauges(registry: Registry, view: () => Pick<MeshView, 'services' | 'edges'>): void {
  const gauge = (name: string, help: string, labelNames: readonly string[], fill: (gauge: Gauge) => void): void => {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        fill(this);
      },
    });
  };
  gauge('capmesh_gate_ratio', 'Metric over threshold; passes at 1 and below', ['service', 'gate'], (self) => {
    for (const { service, gates } of view().services) {
      for (const gate of GATES) {
        const { ratio } = gates[gate];
        if (ratio !== null) self.set({ service, gate }, ratio);
      }
    }
  });
  gauge('capmesh_gate_status', '0 passes or does not apply, 1 unknown, 2 fails', ['service', 'gate'], (self) => {
    for (const { service, gates } of view().services) {
      for (const gate of GATES) self.set({ service, gate }, STATUS_VALUES[gates[gate].status]);
    }
  });
  gauge('capmesh_concurrency_limit', 'Calls in flight that the controller allows', ['service'], (self) => {
    for (const { service, concurrencyLimit } of view().services) self.set({ service }, concurrencyLimit);
  });
  gauge('capmesh_controller_trimming', '1 while a service is held at its knee', ['service'], (self) => {
    for (const { service, controllerMode } of view().services) self.set({ service }, controllerMode === 'trim' ? 1 : 0);
  });
  const edgeLabels = ['tenant', 'workload', 'service'];
  gauge('capmesh_edge_limit_rps', 'Calls per second that an edge may make', edgeLabels, (self) => {
    for (const { labels, edge } of edgeSeries(view().edges)) {
      if (edge.limitRps !== null) self.inc(labels, edge.limitRps);
    }
  });
  gauge('capmesh_edge_offered_rps', 'Calls per second offered', edgeLabels, (self) => {
    for (const { labels, edge } of edgeSeries(view().edges)) self.inc(labels, edge.offeredRps);
  });
  gauge('capmesh_edge_admitted_rps', 'Calls per second admitted', edgeLabels, (self) => {
    for (const { labels, edge } of edgeSeries(view().edges)) self.inc(labels, edge.admittedRps);
  });
  gauge('capmesh_edge_refused_rps', 'Calls per second refused', [...edgeLabels, 'reason'], (self) => {
    for (const { labels, edge } of edgeSeries(view().edges)) {
      for (const [reason, rate] of Object.entries(edge.refusedRps)) self.inc({ ...labels, reason }, rate);
    }
  });
}
