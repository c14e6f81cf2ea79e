import type { SetActionControlRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { AdminHandlers } from './admin-handlers.ts';
import { fieldParameters } from './rest-parameters.ts';
import { messageAnswer, type RestRoute } from './rest-route.ts';

const OPERATOR = { tag: 'operation', credential: 'admin' } as const;

/** Running actions and what operators allow, for operators. */
export const actionRoutes = (admin: AdminHandlers): RestRoute[] => [
  {
    ...OPERATOR,
    method: 'GET',
    path: '/v1/actions',
    operationId: 'listActions',
    summary: 'Actions that run, and what operators allow',
    answers: { 200: messageAnswer('The actions.', 'capmesh.v1.Status', ['actions', 'control']) },
    handle: () => ({ value: admin.getStatus() }),
  },
  {
    ...OPERATOR,
    method: 'PATCH',
    path: '/v1/actions/control',
    operationId: 'setActionControl',
    summary: 'Pause or resume the start of actions, switch safe mode; what is left out stays',
    body: { kind: 'message', type: 'capmesh.v1.SetActionControlRequest' },
    answers: { 200: messageAnswer('What is allowed now.', 'capmesh.v1.ActionControl') },
    handle: async (call) => ({ value: await admin.setActionControl(call.body<SetActionControlRequest>()) }),
  },
  {
    ...OPERATOR,
    method: 'DELETE',
    path: '/v1/actions/{id}',
    operationId: 'cancelAction',
    summary: 'End a running action with the next tick',
    parameters: { path: fieldParameters('capmesh.v1.CancelActionRequest', 'id') },
    answers: { 200: messageAnswer('The action as it was.', 'capmesh.v1.CancelActionResponse') },
    refuses: ['not-found'],
    handle: async (call) => ({ value: await admin.cancelAction({ id: call.text('id') }) }),
  },
];
