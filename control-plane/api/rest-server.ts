import { type FastifyInstance, fastify } from 'fastify';
import { addRestRoute } from './add-rest-route.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { ApiError } from './api-error.ts';
import { fromHttpServer, sendError } from './rest-error.ts';
import type { RestRoute } from './rest-route.ts';
import { restRoutes } from './rest-routes.ts';
import { toApiError } from './to-api-error.ts';

const BODY_MAX_BYTES = 16 * 1024 * 1024;

/**
 * The REST door, not listening yet. It serves exactly the routes of `restRoutes`, as they describe themselves.
 * Answers are proto JSON (`messageToJson`); a refusal is `{code, message, problems: [{path, message}]}`.
 */
export function createRestServer(deps: RestDependencies): FastifyInstance {
  const server = fastify({
    bodyLimit: BODY_MAX_BYTES,
    logger: false,
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => sendError(reply, fromHttpServer(error)),
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => {
    sendError(reply, fromHttpServer(error) ?? toApiError(error, deps.logger));
  });
  const routes = restRoutes(deps);
  for (const route of routes) addRestRoute(server, route, deps);
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const others = methodsAt(routes, path);
    if (others.length === 0) return sendError(reply, new ApiError('not-found', `${path} is not known`));
    const allowed = others.join(', ');
    reply.header('allow', allowed);
    const message = `${request.method} is not known at ${path}; known are ${allowed}`;
    return sendError(reply, new ApiError('method-not-allowed', message));
  });
  return server;
}

/** Methods of the routes that a path leads to. */
function methodsAt(routes: readonly RestRoute[], path: string): string[] {
  const parts = path.split('/');
  const leadsTo = (route: RestRoute): boolean => {
    const pattern = route.path.split('/');
    return pattern.length === parts.length && pattern.every((part, at) => /^\{.*\}$/.test(part) || part === parts[at]);
  };
  return [...new Set(routes.filter(leadsTo).map(({ method }) => method))];
}
