import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import { messageFromJson, messageToJson } from '../../platform/message-json.ts';
import type { ApplyResponse, DeleteResponse } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { Budget, Mesh, Service, Workload } from '../../proto/gen/capmesh/v1/mesh.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { ApiError, invalid } from './api-error.ts';
import { flag, ifMatchRevision, jsonBody } from './rest-request.ts';
import { addWhatIfRoutes } from './rest-what-if.ts';

interface NamedParams {
  readonly Params: { readonly name: string };
}
interface EdgeParams {
  readonly Params: { readonly workload: string; readonly service: string };
}

/** The mesh and its parts, for operators. */
export function addMeshRoutes(server: FastifyInstance, { admin, authenticator }: RestDependencies): void {
  const onRequest = async (request: FastifyRequest): Promise<void> =>
    authenticator.requireAdmin(request.headers.authorization);

  server.get('/v1/mesh', { onRequest }, async (_request, reply) =>
    reply.header('etag', etag(admin.revision)).send(messageToJson('capmesh.v1.Mesh', admin.getMesh())),
  );
  server.put('/v1/mesh', { onRequest }, async (request, reply) => {
    const parsed = parseMeshFile(typeof request.body === 'string' ? request.body : '');
    if (!parsed.ok) throw invalid(parsed.problems);
    const mesh = meshToMessage(parsed.value);
    const answer = await admin.apply({
      mesh,
      dryRun: flag(request, 'dryRun'),
      prune: flag(request, 'prune'),
      strict: flag(request, 'strict'),
    });
    return sendApplied(reply, answer);
  });
  addWhatIfRoutes(server, onRequest, admin);
  server.get('/v1/status', { onRequest }, async () => messageToJson('capmesh.v1.Status', admin.getStatus()));
  server.get('/v1/substrate', { onRequest }, async () => messageToJson('capmesh.v1.Substrate', admin.getSubstrate()));
  server.get<EdgeParams>('/v1/explain/:workload/:service', { onRequest }, async ({ params }, reply) => {
    const answer = admin.explain(params);
    return reply.code(answer.problems.length > 0 ? 404 : 200).send(messageToJson('capmesh.v1.ExplainResponse', answer));
  });
  addBudgetRoutes(server, onRequest, admin);
  addNamedRoutes(server, onRequest, admin, 'services', 'capmesh.v1.Service');
  addNamedRoutes(server, onRequest, admin, 'workloads', 'capmesh.v1.Workload');
  server.post<NamedParams>('/v1/workloads/:name/enrol', { onRequest }, async ({ params }) =>
    messageToJson('capmesh.v1.EnrolResponse', await admin.enrol({ workload: params.name })),
  );
  server.post<NamedParams>('/v1/workloads/:name/revoke', { onRequest }, async ({ params }) =>
    messageToJson('capmesh.v1.RevokeWorkloadResponse', await admin.revokeWorkload({ workload: params.name })),
  );
  server.post<{ Params: { readonly grantId: string } }>(
    '/v1/tokens/:grantId/revoke',
    { onRequest },
    async ({ params }) => messageToJson('capmesh.v1.RevokeTokenResponse', await admin.revokeToken(params)),
  );
}

type Guard = (request: FastifyRequest) => Promise<void>;
type Admin = RestDependencies['admin'];

function addBudgetRoutes(server: FastifyInstance, onRequest: Guard, admin: Admin): void {
  const path = '/v1/budgets/:workload/:service';
  server.get('/v1/budgets', { onRequest }, async () => ({
    budgets: admin.getMesh().budgets.map((budget) => messageToJson('capmesh.v1.Budget', budget)),
  }));
  server.get<EdgeParams>(path, { onRequest }, async ({ params }, reply) => {
    const budget = admin
      .getMesh()
      .budgets.find((each) => each.workload === params.workload && each.service === params.service);
    return sendObject(reply, 'capmesh.v1.Budget', budget, `budgets.${params.workload}.${params.service}`);
  });
  server.put<EdgeParams>(path, { onRequest }, async (request, reply) => {
    const read = messageFromJson<Budget>('capmesh.v1.Budget', { ...Object(jsonBody(request)), ...request.params });
    if (!read.ok) throw invalid(read.problems);
    const answer = await admin.setBudget({
      budget: read.value,
      merge: flag(request, 'merge'),
      expectedRevision: ifMatchRevision(request),
    });
    if (answer.budget !== undefined) reply.header('etag', etag(answer.budget.revision));
    const code = answer.conflict !== undefined ? 409 : answer.problems.length > 0 ? 400 : 200;
    return reply.code(code).send(messageToJson('capmesh.v1.SetBudgetResponse', answer));
  });
  server.delete<EdgeParams>(path, { onRequest }, async (request, reply) => {
    const expectedRevision = ifMatchRevision(request);
    return sendDeleted(reply, await admin.deleteBudget({ ...request.params, expectedRevision }));
  });
}

function addNamedRoutes(
  server: FastifyInstance,
  onRequest: Guard,
  admin: Admin,
  list: 'services' | 'workloads',
  typeName: string,
): void {
  const objects = (): readonly (Service | Workload)[] => admin.getMesh()[list];
  server.get(`/v1/${list}`, { onRequest }, async () => ({
    [list]: objects().map((object) => messageToJson(typeName, object)),
  }));
  server.get<NamedParams>(`/v1/${list}/:name`, { onRequest }, async ({ params }, reply) => {
    const object = objects().find(({ name }) => name === params.name);
    return sendObject(reply, typeName, object, `${list}.${params.name}`);
  });
  server.delete<NamedParams>(`/v1/${list}/:name`, { onRequest }, async (request, reply) => {
    const deletion = { name: request.params.name, expectedRevision: ifMatchRevision(request) };
    const answer = list === 'services' ? admin.deleteService(deletion) : admin.deleteWorkload(deletion);
    return sendDeleted(reply, await answer);
  });
}

const etag = (revision: number): string => `"${revision}"`;

function sendObject(
  reply: FastifyReply,
  typeName: string,
  object: Mesh['services'][number] | Workload | Budget | undefined,
  path: string,
): FastifyReply {
  if (object === undefined) throw new ApiError('not-found', `${path} does not exist`);
  return reply.header('etag', etag(object.revision)).send(messageToJson(typeName, object));
}

function sendApplied(reply: FastifyReply, answer: ApplyResponse): FastifyReply {
  const code = answer.problems.length > 0 ? 400 : answer.conflicts.length > 0 ? 409 : 200;
  if (code === 200) reply.header('etag', etag(answer.revision));
  return reply.code(code).send(messageToJson('capmesh.v1.ApplyResponse', answer));
}

function sendDeleted(reply: FastifyReply, answer: DeleteResponse): FastifyReply {
  const code = answer.conflict !== undefined ? 409 : answer.problems.length > 0 ? 400 : 200;
  return reply.code(code).send(messageToJson('capmesh.v1.DeleteResponse', answer));
}
