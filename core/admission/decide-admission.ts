import { type AccountCheck, checkAccount } from '../capacity/account.ts';
import { AXES, type Axis, type CapacityVector } from '../capacity/capacity-vector.ts';
import { GATES, type GateName } from '../gates/gate-state.ts';
import type { AdmissionScene } from './admission-scene.ts';
import { feasibleVector, withinShare } from './feasible-vector.ts';
import type { GateForecast } from './gate-forecast.ts';
import { grantChange } from './grant-change.ts';
import { isTight } from './tight-gates.ts';
import { type ServiceForecast, whatIf } from './what-if.ts';

export interface AdmissionInput {
  readonly workload: string;
  readonly asked: CapacityVector;
  /** Vectors of the account's live grants. */
  readonly live: readonly CapacityVector[];
  readonly scene: AdmissionScene;
}

export type AdmissionDecision =
  | {
      readonly admitted: true;
      /** Some gate is UNKNOWN, now or in what is predicted. */
      readonly conditional: boolean;
    }
  | {
      readonly admitted: false;
      readonly gatesFailed: readonly GateName[];
      /** Axes that would have to be smaller. */
      readonly bindingAxes: readonly Axis[];
      /** What would be admitted instead. */
      readonly available: CapacityVector;
      readonly message: string;
    };

/** A decision with what it was made on. */
export interface AdmissionAssessment {
  readonly decision: AdmissionDecision;
  readonly account: AccountCheck;
  /** Every service that the grant touches, now and then. */
  readonly services: readonly ServiceForecast[];
}

/** UNKNOWN for these reasons means that we are blind, not that there is nothing to see yet (CONTRACT §E). */
const BLIND_REASONS: ReadonlySet<string> = new Set(['stale', 'nonfinite', 'clock']);

/**
 * CONTRACT §E: valid vector → account Σ ≤ 1 → no gate of the workload's edges
 * FAILs → what-if ≤ 1 − margin. Monotone: if `asked` is admitted, so is every vector
 * that entitles to no more on any axis and that the account can hold. A null
 * entitles to all of the budget's int, ptr and obs and to the budget's geo and gauge.
 */
export const decideAdmission = (input: AdmissionInput): AdmissionDecision => assessAdmission(input).decision;

/** `decideAdmission`, with the prediction. Changes nothing. */
export function assessAdmission(input: AdmissionInput): AdmissionAssessment {
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
  const change = grantChange(scene, workload, asked, live);
  const own = new Set([...change.edges.values()].map(({ service }) => service));
  const services = whatIf(scene, change, own);
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
  const feasible = feasibleVector(start, isAdmitted);
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
