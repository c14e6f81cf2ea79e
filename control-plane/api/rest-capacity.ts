import type {
  RenewCapacityRequest,
  RequestCapacityRequest,
  RequestCapacityResponse,
} from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { CapacityHandlers } from './capacity-handlers.ts';
import { fieldParameters } from './rest-parameters.ts';
import { messageAnswer, type RestReply, type RestRoute } from './rest-route.ts';

const WORKLOAD = { tag: 'capacity', credential: 'workload' } as const;
const GRANT = { path: fieldParameters('capmesh.v1.ReleaseCapacityRequest', 'workloadId', 'grantId') };
const DECIDED = { 200: messageAnswer('Admitted or not, and why not.', 'capmesh.v1.RequestCapacityResponse') };

/** Grants, for workloads. The credential is the workload's enrolment secret. */
export const capacityRoutes = (capacity: CapacityHandlers): RestRoute[] => [
  {
    ...WORKLOAD,
    method: 'POST',
    path: '/v1/capacity',
    operationId: 'requestCapacity',
    summary: 'Ask for a grant and its token',
    body: { kind: 'message', type: 'capmesh.v1.RequestCapacityRequest' },
    answers: DECIDED,
    refuses: ['not-found'],
    handle: async (call) => decided(await capacity.requestCapacity(call.body<RequestCapacityRequest>())),
  },
  {
    ...WORKLOAD,
    method: 'POST',
    path: '/v1/capacity/{workloadId}/{grantId}/renew',
    operationId: 'renewCapacity',
    summary: 'Put a new grant in the place of a live one',
    parameters: GRANT,
    body: { kind: 'message', type: 'capmesh.v1.RenewCapacityRequest', fromPath: ['workloadId', 'grantId'] },
    answers: DECIDED,
    refuses: ['not-found'],
    handle: async (call) => decided(await capacity.renewCapacity(call.body<RenewCapacityRequest>())),
  },
  {
    ...WORKLOAD,
    method: 'DELETE',
    path: '/v1/capacity/{workloadId}/{grantId}',
    operationId: 'releaseCapacity',
    summary: 'Give a grant back',
    parameters: GRANT,
    answers: { 200: messageAnswer('Whether it was live.', 'capmesh.v1.ReleaseCapacityResponse') },
    handle: async (call) => ({
      value: await capacity.releaseCapacity({ workloadId: call.text('workloadId'), grantId: call.text('grantId') }),
    }),
  },
];

function decided(value: RequestCapacityResponse): RestReply {
  const { retryAfter } = value;
  if (retryAfter === undefined) return { value };
  return { value, headers: { 'retry-after': String(Math.max(1, retryAfter.seconds)) } };
}
