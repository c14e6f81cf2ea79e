import type { AdmissionScene, EdgeScene } from '../../../core/admission/admission-scene.ts';
import type {
  AdmissionAssessment,
  AdmissionDecision,
  AdmissionInput,
} from '../../../core/admission/decide-admission.ts';
import { type FeasibleVector, withinShare } from '../../../core/admission/feasible-vector.ts';
import type { GateForecast } from '../../../core/admission/gate-forecast.ts';
import type { EdgeChange, MeshChange } from '../../../core/admission/load-forecast.ts';
import { isTight } from '../../../core/admission/tight-gates.ts';
import type { ServiceForecast } from '../../../core/admission/what-if.ts';
import { type AccountCheck, checkAccount } from '../../../core/capacity/account.ts';
import { AXES, type Axis, type CapacityVector } from '../../../core/capacity/capacity-vector.ts';
import { largerOf, mapAxes, smallerOf, sumLiveGrants } from '../../../core/capacity/live-capacity.ts';
import { GATES } from '../../../core/gates/gate-state.ts';
import type { EdgeKey } from '../../../core/mesh/mesh-config.ts';
import { plainGates } from './plain-gates.ts';
import { type PlainEdge, plainLoads } from './plain-loads.ts';

/** Two loads that differ by less are the same, calls per second. */
const DUST_RPS = 1e-9;

/** `whatIf` as it is defined: over all services. */
export function plainWhatIf(scene: AdmissionScene, change: MeshChange, always: ReadonlySet<string>): ServiceForecast[] {
  const byService = groupByService(plainLoads(scene, change));
  return [...scene.pools.values()].flatMap((pool) => {
    const edges = byService.get(pool.service) ?? [];
    const addedRps = edges.reduce((sum, { nowRps, thenRps }) => sum + (thenRps - nowRps), 0);
    const changed = change.capacityRps.get(pool.service);
    const isTouched = Math.abs(addedRps) > DUST_RPS || changed !== undefined || edges.some(({ isOpen }) => isOpen);
    if (!isTouched && !always.has(pool.service)) return [];
    const capacityRps = changed === undefined ? pool.capacityRps : changed;
    const loadRps = Math.max(0, pool.loadRps + addedRps);
    const { geo, int } = change.levels.get(pool.service) ?? pool.live;
    const gates = plainGates(pool, { loadRps, capacityRps, geo, int, edges });
    return [{ service: pool.service, nowRps: pool.loadRps, thenRps: loadRps, capacityRps, gates }];
  });
}

function groupByService(edges: readonly PlainEdge[]): Map<string, PlainEdge[]> {
  const grouped = new Map<string, PlainEdge[]>();
  for (const edge of edges) {
    const known = grouped.get(edge.service);
    if (known) known.push(edge);
    else grouped.set(edge.service, [edge]);
  }
  return grouped;
}

function plainGrantChange(
  scene: AdmissionScene,
  workload: string,
  asked: CapacityVector,
  live: readonly CapacityVector[],
): MeshChange {
  const held = live.length === 0 ? 0 : Math.min(1, sumLiveGrants(live).int ?? 1);
  const added = Math.min(1, held + (asked.int ?? 1)) - held;
  const edges = new Map<EdgeKey, EdgeChange>();
  const levels = new Map<string, { geo: number | null; int: number | null }>();
  for (const pool of scene.pools.values()) {
    for (const edge of pool.edges.values()) {
      if (edge.workload !== workload) continue;
      edges.set(edge.key, edgeChange(edge, added));
      const geo = smallerOf(edge.budget.geo, asked.geo);
      const int = edge.budget.int === null ? null : edge.budget.int * (held + added);
      levels.set(pool.service, { geo: largerOf(pool.live.geo, geo), int: largerOf(pool.live.int, int) });
    }
  }
  return { edges, capacityRps: new Map(), levels };
}

function edgeChange(edge: EdgeScene, added: number): EdgeChange {
  const { workload, service, tenant, guaranteeRps } = edge;
  const addedRps = added * (guaranteeRps ?? 0);
  return { workload, service, tenant, addedRps, guaranteeRps, isOpen: guaranteeRps === null && added > 0 };
}

/** Axes that move a predicted gate, tried alone before together: load by int, thresholds by geo. */
const DRIVING_AXES: readonly (readonly Axis[])[] = [['int'], ['geo'], ['int', 'geo']];
const HALVINGS = 20;
const DIGITS = 1e6;

function plainFeasible(start: CapacityVector, isAdmitted: (vector: CapacityVector) => boolean): FeasibleVector {
  if (isAdmitted(start)) return { vector: start, bindingAxes: [] };
  const axes = DRIVING_AXES.find((each) => isAdmitted(scaled(start, each, 0)));
  if (axes === undefined) return { vector: scaled(start, AXES, 0), bindingAxes: [] };
  let [low, high] = [0, 1];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (isAdmitted(scaled(start, axes, middle))) low = middle;
    else high = middle;
  }
  return { vector: scaled(start, axes, low), bindingAxes: axes };
}

const scaled = (vector: CapacityVector, axes: readonly Axis[], factor: number): CapacityVector =>
  mapAxes((axis) => {
    const value = vector[axis];
    return axes.includes(axis) ? Math.floor(DIGITS * factor * (value ?? 1)) / DIGITS : value;
  });

/** UNKNOWN for these reasons means that we are blind, not that there is nothing to see yet (CONTRACT §E). */
const BLIND_REASONS: ReadonlySet<string> = new Set(['stale', 'nonfinite', 'clock']);

/** `assessAdmission` as it is defined: a what-if over all edges for each vector that is tried, of which 20 are halvings. */
export function plainAssess(input: AdmissionInput): AdmissionAssessment {
  const account = checkAccount(input.live, input.asked);
  const { services, objections } = judgeGrant(input, input.asked);
  if (account.admitted && objections.length === 0) {
    const conditional = services.length === 0 || services.some(({ gates }) => gates.some(isUnknown));
    return { decision: { admitted: true, conditional }, account, services };
  }
  return { decision: refuse(input, account, objections), account, services };
}

const isUnknown = ({ status }: GateForecast): boolean => status === 'UNKNOWN';

interface Objection {
  readonly gate: GateForecast;
  readonly kind: 'fails' | 'blind' | 'tight';
}

/** What speaks against a grant, apart from the account. */
function judgeGrant(
  { scene, workload, live }: AdmissionInput,
  asked: CapacityVector,
): { readonly services: readonly ServiceForecast[]; readonly objections: readonly Objection[] } {
  const change = plainGrantChange(scene, workload, asked, live);
  const own = new Set([...change.edges.values()].map(({ service }) => service));
  const services = plainWhatIf(scene, change, own);
  const { coldStartMax } = scene.caution;
  const isSmall = AXES.every((axis) => (asked[axis] ?? 1) <= coldStartMax);
  const objections = services.flatMap(({ gates }) =>
    gates.flatMap((gate): Objection[] => {
      const { status, reason } = gate.now;
      if (status === 'FAIL') return [{ gate, kind: 'fails' }];
      if (status === 'UNKNOWN' && BLIND_REASONS.has(reason)) return isSmall ? [] : [{ gate, kind: 'blind' }];
      return isTight(gate, scene.caution) ? [{ gate, kind: 'tight' }] : [];
    }),
  );
  // What fails hides what is merely close.
  const failing = objections.filter(({ kind }) => kind === 'fails');
  return { services, objections: failing.length > 0 ? failing : objections };
}

function refuse(
  input: AdmissionInput,
  account: AccountCheck,
  objections: readonly Objection[],
): Extract<AdmissionDecision, { admitted: false }> {
  const { coldStartMax, marginRatio } = input.scene.caution;
  const isBlind = objections.some(({ kind }) => kind === 'blind');
  // A null is charged as 0: what takes its place has to find room.
  const fits = (vector: CapacityVector): AccountCheck => checkAccount(input.live, vector);
  const start = isBlind ? fits(withinShare(account.available, coldStartMax)).available : account.available;
  const isAdmitted = (vector: CapacityVector): boolean =>
    fits(vector).admitted && judgeGrant(input, vector).objections.length === 0;
  const feasible = plainFeasible(start, isAdmitted);
  const blindAxes = isBlind ? AXES.filter((axis) => (account.available[axis] ?? 1) > coldStartMax) : [];
  const binding = new Set([...account.bindingAxes, ...blindAxes, ...feasible.bindingAxes]);
  const words = {
    fails: 'fails',
    blind: `cannot be judged, so at most ${coldStartMax} of each axis is admitted; it is unknown`,
    tight: `would come above ${Number((1 - marginRatio).toFixed(2))} of its threshold`,
  };
  return {
    admitted: false,
    gatesFailed: GATES.filter((gate) => objections.some((one) => one.gate.gate === gate)),
    bindingAxes: AXES.filter((axis) => binding.has(axis)),
    available: feasible.vector,
    message: [
      ...(account.admitted ? [] : [`the account is exhausted on ${account.bindingAxes.join(', ')}`]),
      ...objections.map(({ gate, kind }) => `${gate.gate} of ${gate.service} ${words[kind]}`),
    ].join('; '),
  };
}
