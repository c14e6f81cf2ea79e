import { edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import type { Harm, SceneEdge, StabilityScene } from '../stability/stability-scene.ts';
import type { EdgeState } from './edge-state.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';

/** Rates of edges are averaged over so many ticks; calls in flight, failures and latency over more. */
const RATE_TICKS = 2;
const HARM_TICKS = 5;
/** Failures are harm above this share and this multiple of what was learned, if there are a few. */
const ERROR_SHARE = 0.01;
const ERROR_FACTOR = 3;
const ERRORS_MIN = 5;
/** Latency is harm above this multiple of the base latency. */
const LATENCY_FACTOR = 1.5;

/** What actions on a service are decided by. */
export function sceneOf(state: KernelState, config: MeshConfig, service: ServiceState): StabilityScene {
  const guarantees = new Map(
    state.plan?.services
      .find((plan) => plan.service === service.service)
      ?.edges.map((edge) => [edgeKey(edge.workload, edge.service), edge.guaranteeRps]),
  );
  const edges = [...service.edges.values()].filter((edge) => edge.budget !== null);
  const tenantOf = (edge: EdgeState): string => config.workloads.get(edge.workload)?.tenant ?? edge.workload;
  const ofTenant = (tenant: string): EdgeState[] => edges.filter((edge) => tenantOf(edge) === tenant);
  return {
    service: service.service,
    gates: service.gates,
    edges: edges.map((edge) => sceneEdge(edge, tenantOf(edge), config, guarantees.get(edge.key) ?? null)),
    harm: harmOf(service, edges),
    trimming: service.controller.mode === 'trim',
    capacityRps: service.controller.capacityRps,
    fitFailingMs: service.fitFailingSinceMs === null ? 0 : state.nowMs - service.fitFailingSinceMs,
    running: service.actions.running,
    policy: config.policy,
    confirmed: new Set(service.actions.confirmedUntilMs.keys()),
    latencies: (tenant, ticks) => latencies(ofTenant(tenant), ticks),
    expectedLatency: (tenant) => expectedLatency(ofTenant(tenant)),
    nowMs: state.nowMs,
  };
}

function sceneEdge(edge: EdgeState, tenant: string, config: MeshConfig, guaranteeRps: number | null): SceneEdge {
  const sums = edge.window.sums(RATE_TICKS);
  const perSec = (count: number): number => (sums.durationSec > 0 ? count / sums.durationSec : 0);
  const { durationSec, latencySumMs } = edge.window.sums(HARM_TICKS);
  const counted = sums.offered > 0;
  const refused = edge.newest?.refused ?? {};
  return {
    key: edge.key,
    workload: edge.workload,
    tenant,
    prio: config.workloads.get(edge.workload)?.prio ?? 0,
    offeredRps: perSec(counted ? sums.offered : sums.attempts + sums.breakerRefused),
    admittedRps: perSec(counted ? sums.admitted : sums.attempts + sums.breakerRefused),
    goodRps: perSec(Math.max(0, sums.attempts - sums.failures)),
    breakerRefusedRps: perSec(sums.breakerRefused),
    shedRps: edge.newestSec > 0 ? (refused['shed-priority'] ?? 0) / edge.newestSec : 0,
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

/** Mean ln-latency over some edges in each of the newest ticks, newest first. */
function latencies(edges: readonly EdgeState[], ticks: number): number[] {
  const series: number[] = [];
  let before = { answers: 0, logSum: 0 };
  for (let back = 1; back <= ticks; back++) {
    const upTo = { answers: 0, logSum: 0 };
    for (const edge of edges) {
      const sums = edge.window.sums(back);
      upTo.answers += sums.answers;
      upTo.logSum += sums.logSum;
    }
    const answers = upTo.answers - before.answers;
    if (answers > 0) series.push((upTo.logSum - before.logSum) / answers);
    before = upTo;
  }
  return series;
}

/** The model's mean ln-latency, edges weighted by their answers of the last seconds. */
function expectedLatency(edges: readonly EdgeState[]): number | null {
  let answers = 0;
  let logSum = 0;
  for (const { window, model } of edges) {
    if (model.answers === 0) continue;
    const recent = window.sums(HARM_TICKS).answers;
    answers += recent;
    logSum += (recent * model.logSum) / model.answers;
  }
  return answers > 0 ? logSum / answers : null;
}
