import type { FastifyInstance, FastifyReply } from 'fastify';
import { messageFromJson, messageToJson } from '../../platform/message-json.ts';
import type {
  RenewCapacityRequest,
  RequestCapacityRequest,
  RequestCapacityResponse,
} from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { jsonBody } from './rest-request.ts';

interface GrantParams {
  readonly Params: { readonly workload: string; readonly grant: string };
}

/** Grants, for workloads. The credential is the workload's enrolment secret. */
export function addCapacityRoutes(server: FastifyInstance, { capacity, authenticator }: RestDependencies): void {
  server.post('/v1/capacity', async (request, reply) => {
    const body = jsonBody(request);
    const workload = (Object(body) as { workloadId?: unknown; workload_id?: unknown }).workloadId;
    authenticator.requireWorkload(typeof workload === 'string' ? workload : '', request.headers.authorization);
    const read = messageFromJson<RequestCapacityRequest>('capmesh.v1.RequestCapacityRequest', body);
    if (!read.ok) throw invalid(read.problems);
    return sendAnswer(reply, await capacity.requestCapacity(read.value));
  });
  server.post<GrantParams>('/v1/capacity/:workload/:grant/renew', async (request, reply) => {
    const { workload, grant } = request.params;
    authenticator.requireWorkload(workload, request.headers.authorization);
    const body = { ...Object(jsonBody(request)), workloadId: workload, grantId: grant };
    const read = messageFromJson<RenewCapacityRequest>('capmesh.v1.RenewCapacityRequest', body);
    if (!read.ok) throw invalid(read.problems);
    return sendAnswer(reply, await capacity.renewCapacity(read.value));
  });
  server.delete<GrantParams>('/v1/capacity/:workload/:grant', async ({ params, headers }) => {
    authenticator.requireWorkload(params.workload, headers.authorization);
    const answer = await capacity.releaseCapacity({ workloadId: params.workload, grantId: params.grant });
    return messageToJson('capmesh.v1.ReleaseCapacityResponse', answer);
  });
}

function sendAnswer(reply: FastifyReply, answer: RequestCapacityResponse): Record<string, unknown> {
  if (answer.retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, answer.retryAfter.seconds)));
  return messageToJson('capmesh.v1.RequestCapacityResponse', answer);
}
