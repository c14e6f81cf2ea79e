import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { messageToJson } from '../../platform/message-json.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { text } from './rest-request.ts';

/** A comment is sent this often, so that proxies keep a quiet stream open. */
const HEARTBEAT_MS = 15_000;

/**
 * `GET /v1/events?after=&workload=&gate=`: capacity events as server-sent events,
 * `id` being the sequence, so that a client that comes back with `Last-Event-ID`
 * misses nothing.
 */
export function addEventRoutes(server: FastifyInstance, { admin, authenticator, logger }: RestDependencies): void {
  server.get('/v1/events', async (request, reply) => {
    authenticator.requireAdmin(request.headers.authorization);
    const after = String(request.headers['last-event-id'] ?? text(request, 'after'));
    if (!/^\d{0,15}$/.test(after)) throw invalid([{ path: 'after', message: 'must be a sequence number' }]);
    const filter = {
      afterSequence: Number(after),
      workload: text(request, 'workload'),
      gate: text(request, 'gate'),
      fromStart: false,
    };
    const aborter = new AbortController();
    const events = admin.watchEvents(filter, aborter.signal);
    reply.hijack();
    const { raw } = reply;
    raw.on('close', () => aborter.abort());
    raw.on('error', () => aborter.abort());
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write(': capacity events\n\n');
    const heartbeat = setInterval(() => raw.write(': alive\n\n'), HEARTBEAT_MS);
    heartbeat.unref();
    try {
      for await (const event of events) {
        const data = JSON.stringify(messageToJson('capmesh.v1.CapacityEvent', event));
        const isTaken = raw.write(`id: ${event.sequence}\nevent: capacity\ndata: ${data}\n\n`);
        if (!isTaken && !aborter.signal.aborted) await once(raw, 'drain', { signal: aborter.signal }).catch(() => {});
      }
    } catch (error) {
      logger.warn({ err: error }, 'an event stream broke');
    } finally {
      clearInterval(heartbeat);
      raw.end();
    }
  });
}
