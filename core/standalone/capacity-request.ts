import type { GrantRefusal } from '../admission/admit-grant.ts';
import { DURATION_DEFAULT_MS, DURATION_MAX_MS, DURATION_MIN_MS } from '../admission/grant.ts';
import { AXES, type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { type Problem, throwProblems } from '../problem.ts';

export interface CapacityRequest {
  readonly workloadId: string;
  /** Fractions of the workload's budget; what is left out is whatever the budget says. */
  readonly capacityVector?: Partial<CapacityVector> | undefined;
  /** 1 s … 1 h; 1 h if left out. */
  readonly durationMs?: number | undefined;
}

export type CapacityResponse =
  | {
      readonly admitted: true;
      readonly capacityToken: string;
      readonly grantId: string;
      /** UTC milliseconds. */
      readonly expiresAtMs: number;
      /** Admitted while some gate is UNKNOWN. */
      readonly conditional: boolean;
    }
  | GrantRefusal;

export interface CheckedCapacityRequest {
  readonly workloadId: string;
  readonly capacityVector: CapacityVector;
  readonly durationMs: number;
}

/** A request with its defaults. Throws a RangeError that names everything that is wrong with it. */
export function checkCapacityRequest(request: CapacityRequest, config: MeshConfig): CheckedCapacityRequest {
  const { workloadId, durationMs = DURATION_DEFAULT_MS } = request;
  const capacityVector = { ...UNLIMITED, ...request.capacityVector };
  const problems: Problem[] = [];
  if (!config.workloads.has(workloadId)) {
    problems.push({ path: 'workloadId', message: `workload "${workloadId}" is not declared` });
  }
  for (const axis of AXES) {
    const share = capacityVector[axis];
    if (share === null || (share >= 0 && share <= 1)) continue;
    problems.push({ path: `capacityVector.${axis}`, message: `must be within 0 … 1 (got ${share})` });
  }
  if (!(durationMs >= DURATION_MIN_MS && durationMs <= DURATION_MAX_MS)) {
    const range = `${DURATION_MIN_MS} … ${DURATION_MAX_MS}`;
    problems.push({ path: 'durationMs', message: `must be within ${range} (got ${durationMs})` });
  }
  throwProblems(problems);
  return { workloadId, capacityVector, durationMs };
}
