import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageToJson } from '../../platform/message-json.ts';
import type { WatchEventsRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { pump } from './pump.ts';
import { flag, text } from './rest-request.ts';
import { toApiError } from './to-api-error.ts';

/** A comment is sent this often, so that proxies keep a quiet stream open. */
const HEARTBEAT_MS = 15_000;

/**
 * `GET /v1/events?after=&fromStart&sinceMs=&workload=&service=&gate=&action=&storedOnly`:
 * capacity events as server-sent events, `id` being the sequence, so that a client
 * that comes back with `Last-Event-ID` misses nothing. The first id comes without an
 * event and says where the stream begins. What ends it is told as an event `problem`.
 */
export function addEventRoutes(server: FastifyInstance, { admin, authenticator, logger }: RestDependencies): void {
  server.get('/v1/events', async (request, reply) => {
    authenticator.requireAdmin(request.headers.authorization);
    const aborter = new AbortController();
    const { after, events } = await admin.watchEvents(watchRequest(request), aborter.signal);
    reply.hijack();
    const { raw } = reply;
    raw.on('close', () => aborter.abort());
    raw.on('error', () => aborter.abort());
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write(`id: ${after}\n: capacity events\n\n`);
    const heartbeat = setInterval(() => {
      if (!raw.writableNeedDrain) raw.write(': alive\n\n');
    }, HEARTBEAT_MS);
    heartbeat.unref();
    try {
      await pump(events, (event) => raw.write(eventText(event)), raw, aborter.signal);
    } catch (error) {
      const told = toApiError(error, logger) ?? { code: 'internal', message: 'the control plane failed' };
      raw.write(`event: problem\ndata: ${JSON.stringify({ code: told.code, message: told.message })}\n\n`);
    } finally {
      clearInterval(heartbeat);
      aborter.abort();
      raw.end();
    }
  });
}

/** `Last-Event-ID` is stronger than what the query says: it is newer. */
function watchRequest(request: FastifyRequest): WatchEventsRequest {
  const last = request.headers['last-event-id'];
  const after = String(last ?? text(request, 'after'));
  const since = last === undefined ? text(request, 'sinceMs') : '';
  const problems = [
    ...(/^\d{0,15}$/.test(after) ? [] : [{ path: 'after', message: 'must be a sequence number' }]),
    ...(/^\d{0,15}$/.test(since) ? [] : [{ path: 'sinceMs', message: 'must be a number of milliseconds' }]),
  ];
  if (problems.length > 0) throw invalid(problems);
  return {
    afterSequence: Number(after),
    workload: text(request, 'workload'),
    gate: text(request, 'gate'),
    action: text(request, 'action'),
    fromStart: last === undefined && flag(request, 'fromStart'),
    sinceMs: Number(since),
    storedOnly: flag(request, 'storedOnly'),
    service: text(request, 'service'),
  };
}

function eventText(event: CapacityEvent): string {
  const data = JSON.stringify(messageToJson('capmesh.v1.CapacityEvent', event));
  return `id: ${event.sequence}\nevent: capacity\ndata: ${data}\n\n`;
}
