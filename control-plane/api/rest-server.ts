import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { RestDependencies } from './api-dependencies.ts';
import { ApiError, type ApiErrorCode } from './api-error.ts';
import { addActionRoutes } from './rest-actions.ts';
import { addCapacityRoutes } from './rest-capacity.ts';
import { addEventRoutes } from './rest-events.ts';
import { addKeyRoutes } from './rest-keys.ts';
import { addMeshRoutes } from './rest-mesh.ts';
import { toApiError } from './to-api-error.ts';

const BODY_MAX_BYTES = 16 * 1024 * 1024;

const statusOf: Readonly<Record<ApiErrorCode, number>> = {
  invalid: 400,
  unauthenticated: 401,
  'not-found': 404,
  conflict: 409,
  gone: 410,
  busy: 429,
  unavailable: 503,
};

/**
 * The REST door, not listening yet. Answers are proto JSON (`messageToJson`);
 * a refusal is `{code, message, problems: [{path, message}]}`.
 */
export function createRestServer(deps: RestDependencies): FastifyInstance {
  const server = fastify({ bodyLimit: BODY_MAX_BYTES, logger: false, forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => {
    sendError(reply, isClientError(error) ? new ApiError('invalid', error.message) : toApiError(error, deps.logger));
  });
  server.setNotFoundHandler((request, reply) => {
    sendError(reply, new ApiError('not-found', `${request.method} ${request.url.split('?')[0]} is not known`));
  });
  addHealthRoutes(server, deps);
  addMeshRoutes(server, deps);
  addActionRoutes(server, deps);
  addCapacityRoutes(server, deps);
  addEventRoutes(server, deps);
  addKeyRoutes(server, deps);
  return server;
}

function addHealthRoutes(server: FastifyInstance, { isReady, leadership, metrics }: RestDependencies): void {
  server.get('/healthz', async () => ({ status: 'alive' }));
  server.get('/readyz', async (_request, reply) =>
    reply.code(isReady() ? 200 : 503).send({ status: isReady() ? 'ready' : 'not ready', ...leadership() }),
  );
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
}

function sendError(reply: FastifyReply, error: ApiError | null): void {
  if (error === null) {
    reply.code(500).send({ code: 'internal', message: 'the control plane failed; its log says more', problems: [] });
    return;
  }
  if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="capmesh"');
  if (error.code === 'busy' || error.code === 'unavailable') reply.header('retry-after', '1');
  reply.code(statusOf[error.code]).send({ code: error.code, message: error.message, problems: error.problems });
}

/** fastify's own refusals: a body that is too large, a bad URL. */
const isClientError = (error: unknown): error is Error =>
  error instanceof Error && 'statusCode' in error && Number(error.statusCode) >= 400 && Number(error.statusCode) < 500;
