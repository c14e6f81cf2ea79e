import { REFUSAL_REASONS } from '../../core/admission/refusal-reason.ts';
import { ExplainRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { AdminHandlers } from './admin-handlers.ts';
import { fieldParameter, fieldParameters, type RestParameter } from './rest-parameters.ts';
import { messageAnswer, type RestReply, type RestRoute } from './rest-route.ts';

const OPERATOR = { method: 'GET', tag: 'operation', credential: 'admin' } as const;
const EDGE = fieldParameters('capmesh.v1.ExplainRequest', 'workload', 'service');

/** The reasons that there are; the handler refuses every other, at both doors. */
function reasonParameter(): RestParameter {
  const parameter = fieldParameter('capmesh.v1.ExplainRequest', 'reason');
  const { pattern: _, ...schema } = parameter.schema;
  return { ...parameter, schema: { ...schema, enum: REFUSAL_REASONS } };
}

/** Where the numbers of an edge come from, and why calls were refused, for operators. */
export const explainRoutes = (admin: AdminHandlers): RestRoute[] => [
  {
    ...OPERATOR,
    path: '/v1/explain/{workload}/{service}',
    operationId: 'explainEdge',
    summary: 'Where each number of one edge comes from',
    parameters: { path: EDGE },
    answers: {
      200: messageAnswer('The numbers, step by step.', 'capmesh.v1.ExplainResponse'),
      404: messageAnswer('There is no such edge.', 'capmesh.v1.ExplainResponse'),
    },
    handle: (call) => explained(admin, { workload: call.text('workload'), service: call.text('service') }),
  },
  {
    ...OPERATOR,
    path: '/v1/refusals/{refusalId}',
    operationId: 'explainRefusal',
    summary: 'Why one call was refused, by the id in the body of its refusal',
    parameters: { path: fieldParameters('capmesh.v1.ExplainRequest', 'refusalId') },
    answers: {
      200: messageAnswer(
        'What limited the call, how much of that was used, and a command.',
        'capmesh.v1.ExplainResponse',
      ),
      404: messageAnswer('No sidecar that answered remembers it.', 'capmesh.v1.ExplainResponse'),
    },
    handle: (call) => explained(admin, { refusalId: call.text('refusalId') }),
  },
  {
    ...OPERATOR,
    path: '/v1/refusals/{workload}/{service}/{reason}',
    operationId: 'explainNewestRefusal',
    summary: 'Why calls of one edge are refused for a reason, by the newest that a sidecar remembers',
    parameters: { path: { ...EDGE, reason: reasonParameter() } },
    answers: {
      200: messageAnswer(
        'What limits such calls, how much of that is used, and a command.',
        'capmesh.v1.ExplainResponse',
      ),
      404: messageAnswer('The newest is of a reason that this version does not know.', 'capmesh.v1.ExplainResponse'),
    },
    handle: (call) =>
      explained(admin, {
        workload: call.text('workload'),
        service: call.text('service'),
        reason: call.text('reason'),
      }),
  },
];

async function explained(admin: AdminHandlers, asked: Partial<ExplainRequest>): Promise<RestReply> {
  const value = await admin.explain(ExplainRequest.create(asked));
  return { status: value.problems.length > 0 ? 404 : 200, value };
}
