import type { CapacityPlan } from '../allocators/capacity-plan.ts';
import { enforcePlan } from '../allocators/enforce-plan.ts';
import { isSilent } from '../allocators/lease-book.ts';
import { planCapacity } from '../allocators/plan-capacity.ts';
import type { PlanInput, RateByEdge, ServiceObservation } from '../allocators/plan-input.ts';
import type { EdgeKey, MeshConfig } from '../mesh/mesh-config.ts';
import { edgeEffects } from '../stability/edge-effects.ts';
import { releaseOverload } from '../stability/overload-controller.ts';
import { LAW } from '../stability/overload-law.ts';
import { limitIsEnforced } from './action-control.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';

/** A node without a frame for this long no longer carries a share of the breakers. */
const NODE_GONE_MS = 10_000;
/** An open limit or a base latency has to move by this share before the plan follows. */
const PLANNED_CHANGE = 0.1;
/** Ticks that the need of an edge is averaged over, about two seconds. */
const NEED_TICKS = 2;
/** Standard deviations of a Poisson stream by which calls in flight stray; with the headroom of `splitOverload` about 2.5. */
const STRAY = 1.2;

/** The plan that follows from configuration, grants, what was measured so far and the actions in force. */
export const planMesh = (state: KernelState, config: MeshConfig): CapacityPlan => {
  const running = [...state.services.values()].flatMap((service) => service.actions.running);
  return enforcePlan(planCapacity(planInputOf(state, config)), edgeEffects(running));
};

/** Everything that the plan is computed from; also what `explainEdge` explains. */
export function planInputOf(state: KernelState, config: MeshConfig): PlanInput {
  return {
    config,
    nodes: carryingNodes(state),
    live: state.live,
    services: new Map(
      [...state.services.values()].map((service) => [service.service, observation(service, limitIsEnforced(state))]),
    ),
    offeredRps: offeredRps(state),
  };
}

/** Nodes that share the edges: heard of lately, or leased to by the control plane before this one. */
function carryingNodes(state: KernelState): string[] {
  const heard = [...state.nodes.values()].map(({ telemetry }) => telemetry);
  const leased = [...state.book.nodes].map(([node, { lastFrameMs }]) => ({ node, lastFrameMs }));
  const carrying = [...heard, ...leased].filter(({ lastFrameMs }) => state.nowMs - lastFrameMs <= NODE_GONE_MS);
  return [...new Set(carrying.map(({ node }) => node))].sort();
}

/** Calls per second offered on each edge, over the nodes that send frames. */
function offeredRps(state: KernelState): RateByEdge {
  const heard = [...state.nodes.values()].filter(({ telemetry }) => !isSilent(telemetry.lastFrameMs, state.nowMs));
  const rates = heard.map(({ edges }) => edges);
  const [only] = rates;
  if (only !== undefined && rates.length === 1) return only;
  return { get: (key) => rates.reduce((sum, rate) => sum + (rate.get(key) ?? 0), 0) };
}

function observation(service: ServiceState, enforced: boolean): ServiceObservation {
  const trimming = enforced && service.controller.mode === 'trim';
  return {
    // Rates stay the budget's and are not driven by overload (CONTROL, "Composition").
    learnedRps: null,
    concurrencyLimit: service.plannedLimit,
    trimming,
    baselineLatencyMs: service.plannedBaselineMs,
    inFlight: trimming ? neededInFlight(service) : NOTHING_NEEDED,
  };
}

const NOTHING_NEEDED: ReadonlyMap<EdgeKey, number> = new Map();

/**
 * Calls in flight that each edge would hold if none of its calls were refused:
 * those that it holds, times arriving over admitted, and how far they stray.
 * Whether it was refused just now must make no difference, or a limit that binds
 * now and then would swing between need and everything (decision 9). An edge that
 * is shed may need any number and is left out.
 */
function neededInFlight(service: ServiceState): Map<EdgeKey, number> {
  const needed = new Map<EdgeKey, number>();
  for (const edge of service.edges.values()) {
    if (edge.budget === null || edge.newest === null) continue;
    const { durationSec, latencySumMs, attempts, breakerRefused } = edge.window.sums(NEED_TICKS);
    const shed = edge.newest.refused['shed-priority'] ?? 0;
    if (shed > 0 || durationSec === 0 || (breakerRefused > 0 && attempts === 0)) continue;
    const held = latencySumMs / 1000 / durationSec;
    const mean = breakerRefused > 0 ? (held * (attempts + breakerRefused)) / attempts : held;
    needed.set(edge.key, mean + STRAY * Math.sqrt(mean));
  }
  return needed;
}

/**
 * Lets the planned N and R0 of a service follow what was learned: N exactly while
 * the service is held, else only in steps; R0 only while no gate fails (CONTRACT §B).
 * Where holding is not enforced N stays as open as it was, or becomes so.
 */
export function followLearned(service: ServiceState, enforced: boolean): void {
  const { controller, gates } = service;
  if (controller.mode === 'trim' && !enforced) {
    const open = Math.ceil(releaseOverload(controller).limit);
    service.plannedLimit = Math.max(service.plannedLimit ?? open, open);
    return;
  }
  if (controller.mode === 'trim') service.plannedLimit = Math.floor(service.shareBoost * controller.limit + 0.25);
  else if (controller.answersSeen > 0)
    service.plannedLimit = inSteps(service.plannedLimit, Math.ceil(controller.limit));
  const failing = Object.values(gates).some((gate) => gate.status === 'FAIL');
  if (failing || controller.mode === 'trim' || controller.answersSeen < LAW.coldAnswers) return;
  service.plannedBaselineMs = inSteps(service.plannedBaselineMs, 1000 * controller.baselineSec);
}

const inSteps = (planned: number | null, next: number): number =>
  planned === null || Math.abs(next - planned) > PLANNED_CHANGE * planned ? next : planned;
