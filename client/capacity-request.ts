import { type Problem, throwProblems } from '../core/problem.ts';
import { millisecondsOf, secondsAndNanos } from '../platform/protobuf-time.ts';
import type { CapacityVector as VectorMessage } from '../proto/gen/capmesh/v1/capacity.ts';
import type {
  RenewCapacityRequest,
  RequestCapacityRequest,
  RequestCapacityResponse,
} from '../proto/gen/capmesh/v1/capacity_service.ts';

/**
 * The capacity vector C. Every component is a fraction of the workload's budget,
 * 0 … 1; `null` sets no limit of its own on that axis: whatever the budget says,
 * and nothing is charged for it.
 */
export interface CapacityVector {
  /** How far from the caller a call may spill. */
  readonly cGeo: number | null;
  /** Share of the request rate; adds over grants. */
  readonly cInt: number | null;
  /** Quorum and lease length. */
  readonly cGauge: number | null;
  /** Share of the calls in flight; adds over grants. */
  readonly cPtr: number | null;
  /** Share of traces, log lines and series; adds over grants. */
  readonly cObs: number | null;
}

export interface CapacityRequest {
  readonly workloadId: string;
  /** What is left out is `null`. */
  readonly capacityVector?: Partial<CapacityVector> | undefined;
  /** 1 s … 1 h; 1 h if left out. */
  readonly durationMs?: number | undefined;
}

export interface RenewRequest {
  readonly workloadId: string;
  /** The grant that makes place. */
  readonly grantId: string;
  /** As much as the grant has now, if left out. */
  readonly capacityVector?: Partial<CapacityVector> | undefined;
  /** From now on; 1 s … 1 h; 1 h if left out. */
  readonly durationMs?: number | undefined;
}

/** Capacity that was granted. */
export interface AdmittedCapacity {
  readonly admitted: true;
  /** Goes out with every call as `x-capacity-token`. */
  readonly capacityToken: string;
  readonly grantId: string;
  /** UTC milliseconds. */
  readonly expiresAtMs: number;
  /** Admitted while some gate is UNKNOWN. */
  readonly conditional: boolean;
}

/** Capacity that was not granted, and why. */
export interface NotAdmitted {
  readonly admitted: false;
  /** fit, gluing, uv, isolation. */
  readonly gatesFailed: readonly string[];
  /** Axes on which the workload's account is exhausted: geo, int, gauge, ptr, obs. */
  readonly bindingAxes: readonly string[];
  /** Would be admitted; can be asked for as it is. */
  readonly available: CapacityVector;
  /** Asking the same again makes sense after this time; 0 = nothing says when. */
  readonly retryAfterMs: number;
  readonly message: string;
}

export type CapacityResponse = AdmittedCapacity | NotAdmitted;

const AXES: readonly (keyof CapacityVector)[] = ['cGeo', 'cInt', 'cGauge', 'cPtr', 'cObs'];

/** The request as a message. Throws a RangeError for a component that is no axis: it would limit nothing. */
export function requestMessage(request: CapacityRequest): RequestCapacityRequest {
  const { workloadId, capacityVector, durationMs } = request;
  return { workloadId, capacityVector: vectorMessage(capacityVector), duration: durationMessage(durationMs) };
}

/** The renewal as a message. Throws as `requestMessage` does. */
export const renewMessage = (request: RenewRequest): RenewCapacityRequest => ({
  ...requestMessage(request),
  grantId: request.grantId,
});

/** What the control plane answered. */
export function capacityResponse(answer: RequestCapacityResponse): CapacityResponse {
  const { capacityToken, grantId, expiresAt, conditional } = answer;
  if (answer.admitted) {
    return {
      admitted: true,
      capacityToken,
      grantId,
      expiresAtMs: expiresAt ? millisecondsOf(expiresAt) : 0,
      conditional,
    };
  }
  const { gatesFailed, bindingAxes, available, retryAfter, message } = answer;
  return {
    admitted: false,
    gatesFailed,
    bindingAxes,
    available: withNulls(available),
    retryAfterMs: retryAfter ? millisecondsOf(retryAfter) : 0,
    message,
  };
}

function vectorMessage(vector: Partial<CapacityVector> | undefined): VectorMessage | undefined {
  if (vector === undefined) return undefined;
  const strange = Object.keys(vector).filter((axis) => !AXES.includes(axis as keyof CapacityVector));
  throwProblems(
    strange.map((axis): Problem => ({ path: `capacityVector.${axis}`, message: `is none of ${AXES.join(', ')}` })),
  );
  const { cGeo, cInt, cGauge, cPtr, cObs } = vector;
  return {
    cGeo: cGeo ?? undefined,
    cInt: cInt ?? undefined,
    cGauge: cGauge ?? undefined,
    cPtr: cPtr ?? undefined,
    cObs: cObs ?? undefined,
  };
}

const withNulls = (message: VectorMessage | undefined): CapacityVector => ({
  cGeo: message?.cGeo ?? null,
  cInt: message?.cInt ?? null,
  cGauge: message?.cGauge ?? null,
  cPtr: message?.cPtr ?? null,
  cObs: message?.cObs ?? null,
});

const durationMessage = (ms: number | undefined): RequestCapacityRequest['duration'] =>
  ms === undefined ? undefined : secondsAndNanos(ms);
