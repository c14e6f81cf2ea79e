import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageToJson } from '../../platform/message-json.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import { parseObject } from './read-rest-body.ts';
import { readRestCall } from './read-rest-call.ts';
import type { RestContent, RestReply, RestRoute } from './rest-route.ts';

/** Serves one route as it describes itself. */
export function addRestRoute(
  server: FastifyInstance,
  route: RestRoute,
  { authenticator }: Pick<ApiDependencies, 'authenticator'>,
): void {
  const isInPath = route.parameters?.path?.workloadId !== undefined;
  const check = (request: FastifyRequest): void => {
    if (route.credential === 'none' || route.credential === 'token') return;
    const { authorization } = request.headers;
    if (route.credential === 'admin') authenticator.requireAdmin(authorization);
    else authenticator.requireWorkload(workloadOf(request), authorization);
  };
  const isCheckedEarly = route.credential !== 'workload' || isInPath;
  const isStream = Object.values(route.answers).some(({ kind }) => kind === 'events');
  server.route({
    method: route.method,
    url: routerPath(route.path),
    // A stream has no length that HEAD could tell.
    exposeHeadRoute: route.method === 'GET' && !isStream,
    // Nobody without a credential has a body read, unless the body says whose credential it takes.
    onRequest: async (request) => {
      if (isCheckedEarly) check(request);
    },
    handler: async (request, reply) => {
      if (!isCheckedEarly) check(request);
      await send(route, await route.handle(readRestCall(route, request)), reply);
      return reply;
    },
  });
}

/** `/v1/services/{name}` as the router writes it; a colon of the path itself is doubled. */
const routerPath = (path: string): string => path.replaceAll(':', '::').replaceAll(/\{(\w+)\}/g, ':$1');

function workloadOf({ params, body }: FastifyRequest): string {
  const inPath = (params as { readonly workloadId?: string }).workloadId;
  if (inPath !== undefined) return inPath;
  const read = parseObject(typeof body === 'string' ? body : '');
  const named = read.ok ? (read.value.workloadId ?? read.value.workload_id) : undefined;
  return typeof named === 'string' ? named : '';
}

async function send(route: RestRoute, answer: RestReply, reply: FastifyReply): Promise<void> {
  const { status = 200, headers = {}, value, stream } = answer;
  const content = route.answers[status];
  if (content === undefined) throw new Error(`${route.operationId} answers ${status}, which it does not describe`);
  if (stream !== undefined) {
    reply.hijack();
    await stream(reply.raw);
    return;
  }
  reply.code(status).headers(headers);
  const type = mediaTypeOf(content);
  if (type !== null) reply.type(type);
  await reply.send(bodyOf(content, value));
}

/** The media type of an answer, as its header says it; `null` for one without a body. */
export function mediaTypeOf(content: RestContent): string | null {
  switch (content.kind) {
    case 'message':
      return 'application/json';
    case 'json':
      return content.mediaType ?? 'application/json';
    case 'text':
      return content.mediaType;
    case 'events':
      return 'text/event-stream';
    case 'nothing':
      return null;
  }
}

function bodyOf(content: RestContent, value: RestReply['value']): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  if (content.kind !== 'message') return JSON.stringify(value);
  const { type, only } = content;
  const fields = value as Record<string, unknown>;
  const told = only === undefined ? fields : Object.fromEntries(only.map((name) => [name, fields[name]]));
  return JSON.stringify(messageToJson(type, told));
}
