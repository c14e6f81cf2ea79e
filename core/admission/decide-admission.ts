import { type AccountCheck, type AccountRoom, accountRoom, checkRoom } from '../capacity/account.ts';
import { AXES, type Axis, type CapacityVector } from '../capacity/capacity-vector.ts';
import { GATES, type GateName } from '../gates/gate-state.ts';
import type { AdmissionScene } from './admission-scene.ts';
import { type FeasibleVector, feasibleVector, nothingOf, withinShare } from './feasible-vector.ts';
import type { GateForecast } from './gate-forecast.ts';
import { heldShare } from './grant-change.ts';
import { excessOf, type GrantScene, type Judgement, judgeGrant } from './judge-grant.ts';
import type { ServiceForecast } from './what-if.ts';

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

/**
 * CONTRACT §E: valid vector → account Σ ≤ 1 → no gate of the workload's edges
 * FAILs → what-if ≤ 1 − margin. Monotone: if `asked` is admitted, so is every vector
 * that entitles to no more on any axis and that the account can hold. A null
 * entitles to all of the budget's int, ptr and obs and to the budget's geo and gauge.
 */
export const decideAdmission = (input: AdmissionInput): AdmissionDecision => assessAdmission(input).decision;

/** `decideAdmission`, with the prediction. Changes nothing. */
export function assessAdmission({ scene, workload, asked, live }: AdmissionInput): AdmissionAssessment {
  const request = { scene, workload, room: accountRoom(live), held: heldShare(live) };
  const account = checkRoom(request.room, asked);
  const judgement = judgeGrant(request, asked);
  const { services, objections } = judgement;
  if (account.admitted && objections.length === 0) {
    const conditional = services.length === 0 || services.some(({ gates }) => gates.some(isUnknown));
    return { decision: { admitted: true, conditional }, account, services };
  }
  return { decision: refuse(request, account, judgement), account, services };
}

const isUnknown = ({ status }: GateForecast): boolean => status === 'UNKNOWN';

interface Request extends GrantScene {
  readonly room: AccountRoom;
}

function refuse(
  request: Request,
  account: AccountCheck,
  judgement: Judgement,
): Extract<AdmissionDecision, { admitted: false }> {
  const { objections } = judgement;
  const { coldStartMax, marginRatio } = request.scene.caution;
  const isBlind = objections.some(({ kind }) => kind === 'blind');
  const feasible = feasibleFor(request, account, judgement, isBlind);
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

/** What would be admitted instead. */
function feasibleFor(request: Request, account: AccountCheck, judgement: Judgement, isBlind: boolean): FeasibleVector {
  const { scene, room } = request;
  // A null is charged as 0: what takes its place has to find room.
  const fits = (vector: CapacityVector): AccountCheck => checkRoom(room, vector);
  const start = isBlind
    ? fits(withinShare(account.available, scene.caution.coldStartMax)).available
    : account.available;
  // What the workload calls itself is judged however little it asks for.
  const isHopeless = judgement.objections.some(({ kind, gate }) => kind === 'fails' && judgement.own.has(gate.service));
  if (isHopeless) return { vector: nothingOf(start), bindingAxes: [] };
  const excess = (vector: CapacityVector): number =>
    fits(vector).admitted ? excessOf(judgeGrant(request, vector), scene.caution) : Number.POSITIVE_INFINITY;
  const isAsked = account.admitted && !isBlind;
  return feasibleVector(start, isAsked ? excessOf(judgement, scene.caution) : excess(start), excess);
}
