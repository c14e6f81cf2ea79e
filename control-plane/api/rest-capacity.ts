import type { FastifyInstance } from 'fastify';
import { messageFromJson, messageToJson } from '../../platform/message-json.ts';
import type { RequestCapacityRequest } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { jsonBody } from './rest-request.ts';

/** Grants, for workloads. The credential is the workload's enrolment secret. */
export function addCapacityRoutes(server: FastifyInstance, { capacity, authenticator }: RestDependencies): void {
  server.post('/v1/capacity', async (request, reply) => {
    const body = jsonBody(request);
    const workload = (Object(body) as { workloadId?: unknown; workload_id?: unknown }).workloadId;
    authenticator.requireWorkload(typeof workload === 'string' ? workload : '', request.headers.authorization);
    const read = messageFromJson<RequestCapacityRequest>('capmesh.v1.RequestCapacityRequest', body);
    if (!read.ok) throw invalid(read.problems);
    const answer = await capacity.requestCapacity(read.value);
    if (answer.retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, answer.retryAfter.seconds)));
    return messageToJson('capmesh.v1.RequestCapacityResponse', answer);
  });
  server.delete<{ Params: { workload: string; grant: string } }>(
    '/v1/capacity/:workload/:grant',
    async ({ params, headers }) => {
      authenticator.requireWorkload(params.workload, headers.authorization);
      const answer = await capacity.releaseCapacity({ workloadId: params.workload, grantId: params.grant });
      return messageToJson('capmesh.v1.ReleaseCapacityResponse', answer);
    },
  );
}
