import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import { WhatIfRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityVector } from '../../proto/gen/capmesh/v1/capacity.ts';
import type { AdminHandlers } from './admin-handlers.ts';
import { invalid } from './api-error.ts';
import { fieldParameters } from './rest-parameters.ts';
import { messageAnswer, type RestReply, type RestRoute } from './rest-route.ts';

const OPERATOR = {
  tag: 'mesh',
  credential: 'admin',
  answers: { 200: messageAnswer('The gates now and then.', 'capmesh.v1.WhatIfResponse') },
} as const;

/** What-if, for operators. */
export const whatIfRoutes = (admin: AdminHandlers): RestRoute[] => [
  {
    ...OPERATOR,
    method: 'PUT',
    path: '/v1/what-if/mesh',
    operationId: 'whatIfMesh',
    summary: 'What would become of the gates with a mesh file; stores nothing',
    parameters: { query: fieldParameters('capmesh.v1.WhatIfRequest', 'prune') },
    body: { kind: 'mesh-file' },
    handle: (call) => foretold(admin, { mesh: meshToMessage(call.body<MeshConfig>()), prune: call.flag('prune') }),
  },
  {
    ...OPERATOR,
    method: 'POST',
    path: '/v1/what-if/{workload}',
    operationId: 'whatIfGrant',
    summary: 'What would become of the gates with one more grant; grants nothing',
    parameters: { path: fieldParameters('capmesh.v1.WhatIfRequest', 'workload') },
    body: { kind: 'message', type: 'capmesh.v1.CapacityVector' },
    refuses: ['not-found'],
    handle: (call) => foretold(admin, { workload: call.text('workload'), capacityVector: call.body<CapacityVector>() }),
  },
];

function foretold(admin: AdminHandlers, request: Partial<WhatIfRequest>): RestReply {
  const value = admin.whatIf(WhatIfRequest.create(request));
  if (value.problems.length > 0) throw invalid(value.problems);
  return { value };
}
