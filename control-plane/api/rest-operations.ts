import type {
  CheckOperationRequest,
  CheckOperationResponse,
  SettleOperationRequest,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { OperationHandlers } from './operation-handlers.ts';
import { fieldParameter } from './rest-parameters.ts';
import { messageAnswer, type RestReply, type RestRoute } from './rest-route.ts';

const TOKEN_HEADER = 'x-capacity-token';

/** The capacity token is the credential, in the body or in a header. */
const WORKLOAD = {
  method: 'POST',
  tag: 'capacity',
  credential: 'token',
  parameters: { header: { [TOKEN_HEADER]: fieldParameter('capmesh.v1.CheckOperationRequest', 'token') } },
  refuses: ['forbidden'],
} as const;

/** Operations that pass no Envoy, for workloads. */
export const operationRoutes = (operations: OperationHandlers): RestRoute[] => [
  {
    ...WORKLOAD,
    path: '/v1/operations:check',
    operationId: 'checkOperation',
    summary: 'Check an operation that passes no Envoy, by the decision and the buckets of calls',
    body: { kind: 'message', type: 'capmesh.v1.CheckOperationRequest', fromHeader: { token: TOKEN_HEADER } },
    answers: { 200: messageAnswer('Allowed or not, and why not.', 'capmesh.v1.CheckOperationResponse') },
    handle: async (call) => checked(await operations.checkOperation(call.body<CheckOperationRequest>())),
  },
  {
    ...WORKLOAD,
    path: '/v1/operations:settle',
    operationId: 'settleOperation',
    summary: 'End an operation that was allowed, and say what it needed',
    body: { kind: 'message', type: 'capmesh.v1.SettleOperationRequest', fromHeader: { token: TOKEN_HEADER } },
    answers: { 200: messageAnswer('Whether it was open.', 'capmesh.v1.SettleOperationResponse') },
    handle: async (call) => ({ value: await operations.settleOperation(call.body<SettleOperationRequest>()) }),
  },
];

function checked(value: CheckOperationResponse): RestReply {
  const { retryAfter } = value;
  if (retryAfter === undefined) return { value };
  return { value, headers: { 'retry-after': String(Math.max(1, retryAfter.seconds + Math.sign(retryAfter.nanos))) } };
}
