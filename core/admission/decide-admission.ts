import { checkAccount } from '../capacity/account.ts';
import { AXES, type Axis, type CapacityVector } from '../capacity/capacity-vector.ts';
import { GATES, type GateName, type GateVerdict } from '../gates/gate-state.ts';
import type { EdgeView, MeshView, ServiceView } from '../kernel/mesh-view.ts';

export interface AdmissionInput {
  readonly workload: string;
  readonly asked: CapacityVector;
  /** Vectors of the account's live grants. */
  readonly live: readonly CapacityVector[];
  readonly view: MeshView;
  /** Services that the workload has a budget line for. */
  readonly services: readonly string[];
}

export type AdmissionDecision =
  | { readonly admitted: true; readonly conditional: boolean }
  | {
      readonly admitted: false;
      readonly gatesFailed: readonly GateName[];
      readonly bindingAxes: readonly Axis[];
      readonly available: CapacityVector;
      readonly message: string;
    };

/** UNKNOWN for these reasons means that we are blind, not that there is nothing to see yet (CONTRACT §E). */
const BLIND_REASONS: ReadonlySet<string> = new Set(['stale', 'nonfinite', 'clock']);
/** Largest component of a grant that is admitted while blind. */
export const BLIND_SHARE_MAX = 0.1;
/** Largest predicted gate ratio after the grant. */
export const WHAT_IF_RATIO_MAX = 0.9;

/**
 * CONTRACT §E: valid vector → account Σ ≤ 1 → no gate of the workload's edges
 * FAILs → what-if ≤ 0.9. Monotone: if `asked` is admitted, so is every smaller
 * vector.
 */
export function decideAdmission(input: AdmissionInput): AdmissionDecision {
  const account = checkAccount(input.live, input.asked);
  if (!account.admitted) {
    return {
      admitted: false,
      gatesFailed: [],
      bindingAxes: account.bindingAxes,
      available: account.available,
      message: `the account is exhausted on ${account.bindingAxes.join(', ')}`,
    };
  }
  const services = input.view.services.filter(({ service }) => input.services.includes(service));
  const verdicts = services.flatMap((service) =>
    GATES.map((gate) => ({ service, gate, verdict: service.gates[gate] })),
  );
  const failed = verdicts.filter(({ verdict }) => verdict.status === 'FAIL');
  if (failed.length > 0) {
    return refused(input, failed, 'fails');
  }
  const blind = verdicts.filter(({ verdict }) => verdict.status === 'UNKNOWN' && BLIND_REASONS.has(verdict.reason));
  if (blind.length > 0 && !AXES.every((axis) => (input.asked[axis] ?? 1) <= BLIND_SHARE_MAX)) {
    return refused(
      input,
      blind,
      `cannot be judged, so at most ${BLIND_SHARE_MAX} of each axis is admitted; it`,
      BLIND_SHARE_MAX,
    );
  }
  const tight = verdicts.filter(
    ({ service, gate, verdict }) => predictedRatio(input, service, gate, verdict) > WHAT_IF_RATIO_MAX,
  );
  if (tight.length > 0) {
    return refused(input, tight, `would come above ${WHAT_IF_RATIO_MAX} of its threshold`);
  }
  return {
    admitted: true,
    conditional: verdicts.length === 0 || verdicts.some(({ verdict }) => verdict.status === 'UNKNOWN'),
  };
}

/**
 * What-if of MATHS §B7, to first order: load-driven gates (fit, isolation) grow
 * with the share of K that the grant adds, u·(1 + c_int·guarantee_e / K). UV is
 * bounded by the edge's own bucket and gluing does not follow load. 0 where K or
 * the ratio is not known.
 */
function predictedRatio(input: AdmissionInput, service: ServiceView, gate: GateName, verdict: GateVerdict): number {
  if (verdict.status !== 'PASS' || verdict.ratio === null || (gate !== 'fit' && gate !== 'isolation')) {
    return 0;
  }
  const edge = edgeOf(input, service.service);
  if (service.capacityRps === null || edge === undefined || edge.guaranteeRps === null) {
    return 0;
  }
  return verdict.ratio * (1 + ((input.asked.int ?? 0) * edge.guaranteeRps) / service.capacityRps);
}

const edgeOf = (input: AdmissionInput, service: string): EdgeView | undefined =>
  input.view.edges.find((edge) => edge.workload === input.workload && edge.service === service);

function refused(
  input: AdmissionInput,
  causes: readonly { readonly service: ServiceView; readonly gate: GateName }[],
  what: string,
  availableMax = 0,
): AdmissionDecision {
  const share = (axis: Axis): number => Math.min(availableMax, input.asked[axis] ?? availableMax);
  return {
    admitted: false,
    gatesFailed: GATES.filter((gate) => causes.some((cause) => cause.gate === gate)),
    bindingAxes: [],
    available: { geo: share('geo'), int: share('int'), gauge: share('gauge'), ptr: share('ptr'), obs: share('obs') },
    message: causes.map(({ service, gate }) => `${gate} of ${service.service} ${what}`).join('; '),
  };
}
