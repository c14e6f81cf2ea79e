import { DURATION_DEFAULT_MS } from '../../core/admission/grant.ts';
import type { Axis } from '../../core/capacity/capacity-vector.ts';
import { vectorFromMessage, vectorToMessage } from '../../platform/mesh-message.ts';
import { millisecondsOf, secondsAndNanos } from '../../platform/protobuf-time.ts';
import type {
  ReleaseCapacityRequest,
  ReleaseCapacityResponse,
  RenewCapacityRequest,
  RequestCapacityRequest,
  RequestCapacityResponse,
} from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { Admission, CapacityAnswer } from '../admission/admission.ts';
import { ApiError } from './api-error.ts';
import { notDeclared, refuseInvalid } from './refuse-request.ts';

/** What workloads can ask; both doors come here, after the workload's secret was checked. */
export class CapacityHandlers {
  readonly #admission: Admission;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  async requestCapacity(request: RequestCapacityRequest): Promise<RequestCapacityResponse> {
    refuseInvalid('capmesh.v1.RequestCapacityRequest', request);
    const answer = await this.#admission.request({
      workload: request.workloadId,
      vector: vectorFromMessage(request.capacityVector),
      durationMs: durationOf(request),
    });
    if (answer === null) throw notDeclared(request.workloadId);
    return answerMessage(answer);
  }

  async renewCapacity(request: RenewCapacityRequest): Promise<RequestCapacityResponse> {
    refuseInvalid('capmesh.v1.RenewCapacityRequest', request);
    const { workloadId, grantId, capacityVector } = request;
    const answer = await this.#admission.renew({
      workload: workloadId,
      grantId,
      vector: capacityVector === undefined ? null : vectorFromMessage(capacityVector),
      durationMs: durationOf(request),
    });
    if (answer === null) throw new ApiError('not-found', `${workloadId} has no live grant ${grantId}`);
    return answerMessage(answer);
  }

  async releaseCapacity(request: ReleaseCapacityRequest): Promise<ReleaseCapacityResponse> {
    refuseInvalid('capmesh.v1.ReleaseCapacityRequest', request);
    return { released: await this.#admission.release(request.workloadId, request.grantId) };
  }
}

const durationOf = ({ duration }: Pick<RequestCapacityRequest, 'duration'>): number =>
  duration === undefined ? DURATION_DEFAULT_MS : millisecondsOf(duration);

function answerMessage(answer: CapacityAnswer): RequestCapacityResponse {
  const nothing = {
    capacityToken: '',
    expiresAt: undefined,
    grantId: '',
    conditional: false,
    gatesFailed: [],
    bindingAxes: [] as Axis[],
    available: undefined,
    retryAfter: undefined,
    message: '',
    reason: '',
  };
  if (answer.admitted) {
    return {
      ...nothing,
      admitted: true,
      capacityToken: answer.token,
      expiresAt: secondsAndNanos(answer.expiresAtMs),
      grantId: answer.grantId,
      conditional: answer.conditional,
    };
  }
  return {
    ...nothing,
    admitted: false,
    gatesFailed: [...answer.gatesFailed],
    bindingAxes: [...answer.bindingAxes],
    available: vectorToMessage(answer.available),
    retryAfter: secondsAndNanos(answer.retryAfterMs),
    message: answer.message,
    reason: answer.reason ?? '',
  };
}
