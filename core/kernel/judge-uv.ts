import type { EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';
import { at } from '../at.ts';
import type { GateVerdict } from '../gates/gate-state.ts';
import { type UvEdge, uvGate } from '../gates/uv.ts';
import type { GateSettings } from '../mesh/mesh-config.ts';
import { attemptsAimed } from '../substrate/window-sums.ts';
import type { Writable } from '../writable.ts';
import type { EdgeState } from './edge-state.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import { ScratchList } from './scratch-list.ts';
import type { ServiceState } from './service-state.ts';

/** Limit above guarantee by more than this: the edge uses what others lend, its burst is not bounded by σ. */
const BORROWED_RATIO = 1.01;

/** Room for what the gate is handed of one service after the other. */
export class UvScratch {
  readonly edges = new ScratchList<Writable<UvEdge>>(() => ({
    name: '',
    admittedLevelMax: Number.NaN,
    burst: null,
    attempts: Number.NaN,
    retries: Number.NaN,
  }));
}

/** Is anything faster than a service may absorb, over its window and before hysteresis? (MATHS §B3) */
export function judgeUv(
  settings: GateSettings,
  service: ServiceState,
  { plans, windows }: MeasuredMesh,
  coupling: number,
  scratch: UvScratch,
): GateVerdict {
  const edges = service.edges.budgeted;
  const plan = plans.get(service.service);
  const bursts = plan === undefined ? [] : burstsOf(settings, plan, edges);
  for (let i = 0; i < edges.length; i++) enterEdge(scratch.edges.at(i), at(edges, i), bursts[i] ?? null);
  return uvGate({
    edges: scratch.edges.first(edges.length),
    amplification: windows.amplification(service.service),
    coupling,
    observedSec: service.observedSec,
    lowestHz: settings.uvLambda1Hz,
    tickSec: service.newest?.durationSec ?? 1,
  });
}

function enterEdge(judged: Writable<UvEdge>, { key, sums }: EdgeState, burst: number | null): void {
  judged.name = key;
  judged.admittedLevelMax = sums.admittedLevelMax;
  judged.burst = burst;
  judged.attempts = attemptsAimed(sums);
  judged.retries = sums.retries;
}

interface KnownBursts {
  readonly edges: readonly EdgeState[];
  readonly lambdaMaxHz: number | null;
  readonly bursts: readonly (number | null)[];
}

/** A plan is never changed in place, nor is a list of edges. */
const BURSTS = new WeakMap<ServicePlan, KnownBursts>();

/** Those of the edges of a service, by their places. */
function burstsOf(settings: GateSettings, plan: ServicePlan, edges: readonly EdgeState[]): KnownBursts['bursts'] {
  const known = BURSTS.get(plan);
  if (known?.edges === edges && known.lambdaMaxHz === settings.uvLambdaMaxHz) return known.bursts;
  const planned = plan.edges;
  // Nearly always in the same order.
  const bursts = edges.map(({ key }, i) =>
    burstOf(settings, planned[i]?.key === key ? planned[i] : planned.find((edge) => edge.key === key)),
  );
  BURSTS.set(plan, { edges, lambdaMaxHz: settings.uvLambdaMaxHz, bursts });
  return bursts;
}

/** σ of an edge, or what a highest frequency leaves of it: f = ρ + σ/τ with τ = 0.2 s (CONTRACT §G). */
export function burstOf({ uvLambdaMaxHz }: GateSettings, plan: EdgePlan | undefined): number | null {
  if (!plan || plan.burst === null || plan.guaranteeRps === null || plan.limitRps === null) return null;
  if (plan.limitRps > BORROWED_RATIO * plan.guaranteeRps) return null;
  return uvLambdaMaxHz === null ? plan.burst : Math.max(1, 0.2 * (uvLambdaMaxHz - plan.guaranteeRps));
}
