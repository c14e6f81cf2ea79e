import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { Harm, SceneEdge, StabilityScene } from '../stability/stability-scene.ts';
import type { EdgeState } from './edge-state.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';
import type { TenantState } from './tenant-state.ts';

/** Rates of edges are averaged over so many ticks; calls in flight, failures and latency over more. */
const RATE_TICKS = 2;
const HARM_TICKS = 5;
/** Failures are harm above this share and this multiple of what was learned, if there are a few. */
const ERROR_SHARE = 0.01;
const ERROR_FACTOR = 3;
const ERRORS_MIN = 5;
/** How far apart loads are looked for, and how many of them. */
const NEAR_STEP = 1.25;
const NEAR_STEPS = 20;
/** Latency is harm above this multiple of the base latency. */
const LATENCY_FACTOR = 1.5;

/** What actions on a service are decided by. */
export function sceneOf(state: KernelState, config: MeshConfig, service: ServiceState): StabilityScene {
  const guarantees = new Map(
    state.plan?.services
      .find((plan) => plan.service === service.service)
      ?.edges.map((edge) => [edge.key, edge.guaranteeRps]),
  );
  const edges = [...service.edges.values()].filter((edge) => edge.budget !== null);
  return {
    service: service.service,
    gates: service.gates,
    edges: edges.map((edge) => sceneEdge(edge, config, guarantees.get(edge.key) ?? null)),
    harm: harmOf(service, edges),
    trimming: service.controller.mode === 'trim',
    trimmingMs: service.trimmingSinceMs === null ? 0 : state.nowMs - service.trimmingSinceMs,
    overloadEvidence: service.controller.evidence,
    capacityRps: service.controller.capacityRps,
    baselineSec: service.controller.baselineSec,
    fitFailingMs: service.fitFailingSinceMs === null ? 0 : state.nowMs - service.fitFailingSinceMs,
    running: service.actions.running,
    policy: config.policy,
    confirmed: new Set(service.actions.confirmedUntilMs.keys()),
    latencies: (tenant, ticks) => latencies(service.tenants.get(tenant), ticks),
    expectedLatency: (tenant) => expectedLatency(service.tenants.get(tenant)),
    nearestLatency: (tenant) => nearestLatency(service.tenants.get(tenant)),
    nowMs: state.nowMs,
  };
}

function sceneEdge(edge: EdgeState, config: MeshConfig, guaranteeRps: number | null): SceneEdge {
  const sums = edge.window.sums(RATE_TICKS);
  const perSec = (count: number): number => (sums.durationSec > 0 ? count / sums.durationSec : 0);
  const { durationSec, latencySumMs } = edge.window.sums(HARM_TICKS);
  const counted = sums.offered > 0;
  const refused = edge.newest?.refused ?? {};
  return {
    key: edge.key,
    workload: edge.workload,
    tenant: edge.tenant,
    prio: config.workloads.get(edge.workload)?.prio ?? 0,
    offeredRps: perSec(counted ? sums.offered : sums.attempts + sums.breakerRefused),
    admittedRps: perSec(counted ? sums.admitted : sums.attempts + sums.breakerRefused),
    goodRps: perSec(Math.max(0, sums.attempts - sums.failures)),
    breakerRefusedRps: perSec(sums.breakerRefused),
    shedRps: edge.newestSec > 0 ? (refused['shed-priority'] ?? 0) / edge.newestSec : 0,
    retriesRps: perSec(sums.retries),
    refusing: (edge.newest?.breakerRefused ?? 0) > 0 || (refused['budget-exhausted'] ?? 0) > 0,
    inFlight: durationSec > 0 ? latencySumMs / 1000 / durationSec : 0,
    guaranteeRps,
  };
}

/** Errors, latency or a full pool, over the last seconds. */
function harmOf(service: ServiceState, edges: readonly EdgeState[]): Harm[] {
  const harm: Harm[] = [];
  const seen = edges.map((edge) => edge.window.sums(HARM_TICKS));
  const total = (field: 'attempts' | 'failures' | 'answers' | 'latencySumMs'): number =>
    seen.reduce((sum, sums) => sum + sums[field], 0);
  const learned = edges.reduce(
    (sum, { model }) => ({ attempts: sum.attempts + model.attempts, failures: sum.failures + model.failures }),
    { attempts: 0, failures: 0 },
  );
  const usual = learned.attempts > 0 ? learned.failures / learned.attempts : 0;
  const failures = total('failures');
  const tolerated = Math.max(ERROR_SHARE, ERROR_FACTOR * usual) * total('attempts');
  if (failures >= ERRORS_MIN && failures > tolerated) harm.push('errors');
  const meanMs = total('answers') > 0 ? total('latencySumMs') / total('answers') : 0;
  const baselineMs = 1000 * service.controller.baselineSec;
  if (baselineMs > 0 && meanMs > LATENCY_FACTOR * baselineMs) harm.push('latency');
  if (service.controller.mode === 'trim' || (service.newest?.breakerRefused ?? 0) > 0) harm.push('pool');
  return harm;
}

/** Mean ln-latency of a tenant in each of its newest ticks, newest first. */
function latencies(tenant: TenantState | undefined, ticks: number): number[] {
  const newest = (tenant?.ticks(ticks) ?? []).toReversed();
  return newest.flatMap((tick) => (tick !== null && tick.answers > 0 ? [tick.meanLog] : []));
}

/** What the tenant's model says of its present load. */
const expectedLatency = (tenant: TenantState | undefined): number | null =>
  tenant?.model.expected(presentLoad(tenant)) ?? null;

/** What it says of the nearest load that it knows, up to a hundredfold away. */
function nearestLatency(tenant: TenantState | undefined): number | null {
  if (tenant === undefined) return null;
  const load = presentLoad(tenant);
  for (let steps = 0; steps <= NEAR_STEPS; steps++) {
    const known = tenant.model.expected(load * NEAR_STEP ** steps) ?? tenant.model.expected(load / NEAR_STEP ** steps);
    if (known !== null) return known;
  }
  return null;
}

/** Calls per second over the last seconds. */
function presentLoad(tenant: TenantState): number {
  const loads = tenant.ticks(HARM_TICKS).flatMap((tick) => (tick === null ? [] : [tick.load]));
  return loads.reduce((sum, load) => sum + load, 0) / Math.max(1, loads.length);
}
