import type { AdminHandlers } from './admin-handlers.ts';
import { fieldParameters } from './rest-parameters.ts';
import { messageAnswer, type RestRoute } from './rest-route.ts';

const OPERATOR = { method: 'POST', tag: 'capacity', credential: 'admin' } as const;
/** The path says `name`, as it does of other objects. */
const NAME = { path: fieldParameters('capmesh.v1.Workload', 'name') };

/** Secrets and tokens of workloads, for operators. */
export const workloadRoutes = (admin: AdminHandlers): RestRoute[] => [
  {
    ...OPERATOR,
    path: '/v1/workloads/{name}/enrol',
    operationId: 'enrolWorkload',
    summary: 'Give a workload a new enrolment secret, told this once',
    parameters: NAME,
    answers: { 200: messageAnswer('The secret.', 'capmesh.v1.EnrolResponse') },
    refuses: ['not-found'],
    handle: async (call) => ({ value: await admin.enrol({ workload: call.text('name') }) }),
  },
  {
    ...OPERATOR,
    path: '/v1/workloads/{name}/revoke',
    operationId: 'revokeWorkload',
    summary: 'Make every token of a workload invalid',
    parameters: NAME,
    answers: { 200: messageAnswer('Its new generation.', 'capmesh.v1.RevokeWorkloadResponse') },
    handle: async (call) => ({ value: await admin.revokeWorkload({ workload: call.text('name') }) }),
  },
  {
    ...OPERATOR,
    path: '/v1/tokens/{grantId}/revoke',
    operationId: 'revokeToken',
    summary: 'Make one token invalid and give its capacity back',
    parameters: { path: fieldParameters('capmesh.v1.RevokeTokenRequest', 'grantId') },
    answers: { 200: messageAnswer('Whose token it was.', 'capmesh.v1.RevokeTokenResponse') },
    refuses: ['not-found'],
    handle: async (call) => ({ value: await admin.revokeToken({ grantId: call.text('grantId') }) }),
  },
];
