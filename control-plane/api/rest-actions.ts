import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageFromJson, messageToJson } from '../../platform/message-json.ts';
import type { SetActionControlRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { jsonBody } from './rest-request.ts';

/** Running actions and what operators allow, for operators. */
export function addActionRoutes(server: FastifyInstance, { admin, authenticator }: RestDependencies): void {
  const onRequest = async (request: FastifyRequest): Promise<void> =>
    authenticator.requireAdmin(request.headers.authorization);

  server.get('/v1/actions', { onRequest }, async () => {
    const { actions, control } = messageToJson('capmesh.v1.Status', admin.getStatus());
    return { actions, control };
  });
  server.patch('/v1/actions/control', { onRequest }, async (request) => {
    const read = messageFromJson<SetActionControlRequest>('capmesh.v1.SetActionControlRequest', jsonBody(request));
    if (!read.ok) throw invalid(read.problems);
    return messageToJson('capmesh.v1.ActionControl', await admin.setActionControl(read.value));
  });
  server.delete<{ Params: { readonly id: string } }>('/v1/actions/:id', { onRequest }, async ({ params }) =>
    messageToJson('capmesh.v1.CancelActionResponse', await admin.cancelAction(params)),
  );
}
