import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import { messageFromJson, messageToJson } from '../../platform/message-json.ts';
import { WhatIfRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { flag, jsonBody } from './rest-request.ts';

type Guard = (request: FastifyRequest) => Promise<void>;

/** What-if, for operators: `PUT /v1/what-if/mesh` takes a mesh file, `POST /v1/what-if/:workload` a capacity vector. */
export function addWhatIfRoutes(server: FastifyInstance, onRequest: Guard, admin: RestDependencies['admin']): void {
  server.put('/v1/what-if/mesh', { onRequest }, async (request) => {
    const parsed = parseMeshFile(typeof request.body === 'string' ? request.body : '');
    if (!parsed.ok) throw invalid(parsed.problems);
    return answer(admin, { mesh: meshToMessage(parsed.value), prune: flag(request, 'prune') });
  });
  server.post<{ Params: { readonly workload: string } }>('/v1/what-if/:workload', { onRequest }, async (request) => {
    const body = { capacityVector: jsonBody(request) };
    const read = messageFromJson<WhatIfRequest>('capmesh.v1.WhatIfRequest', body);
    if (!read.ok) throw invalid(read.problems);
    return answer(admin, { ...read.value, workload: request.params.workload });
  });
}

function answer(admin: RestDependencies['admin'], request: Partial<WhatIfRequest>): Record<string, unknown> {
  const response = admin.whatIf(WhatIfRequest.create(request));
  if (response.problems.length > 0) throw invalid(response.problems);
  return messageToJson('capmesh.v1.WhatIfResponse', response);
}
