import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { addRestRoute } from './add-rest-route.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { ApiError } from './api-error.ts';
import { fromHttpServer, sendError } from './rest-error.ts';
import type { RestRoute } from './rest-route.ts';
import { restRoutes } from './rest-routes.ts';
import { toApiError } from './to-api-error.ts';

const BODY_MAX_BYTES = 16 * 1024 * 1024;
/** No URL is longer: a parameter that is too long is told as such. */
const PARAMETER_MAX_CHARS = 16 * 1024;

/**
 * The REST door, not listening yet. It serves exactly the routes of `restRoutes`, as they describe themselves.
 * Answers are proto JSON (`messageToJson`); a refusal is `{code, message, problems: [{path, message}]}`.
 */
export function createRestServer(deps: RestDependencies): FastifyInstance {
  const server = fastify({
    bodyLimit: BODY_MAX_BYTES,
    routerOptions: { maxParamLength: PARAMETER_MAX_CHARS },
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
  // Before the body is read, whatever it is.
  server.addHook('onRequest', async (request, reply) => {
    if (request.is404) refuseUnknown(routes, request, reply);
  });
  for (const route of routes) addRestRoute(server, route, deps);
  return server;
}

function refuseUnknown(routes: readonly RestRoute[], { method, url }: FastifyRequest, reply: FastifyReply): void {
  const path = url.split('?')[0] ?? '';
  const others = methodsAt(routes, path).join(', ');
  if (others === '') {
    sendError(reply, new ApiError('not-found', `${path} is not known`));
    return;
  }
  reply.header('allow', others);
  sendError(reply, new ApiError('method-not-allowed', `${method} is not known at ${path}; known are ${others}`));
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
