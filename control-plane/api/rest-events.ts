import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { messageToJson } from '../../platform/message-json.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { invalid } from './api-error.ts';
import { flag, text } from './rest-request.ts';

/** A comment is sent this often, so that proxies keep a quiet stream open. */
const HEARTBEAT_MS = 15_000;

/**
 * `GET /v1/events?after=&sinceMs=&workload=&service=&gate=&storedOnly`: capacity events as server-sent events,
 * `id` being the sequence, so that a client that comes back with `Last-Event-ID`
 * misses nothing.
 */
export function addEventRoutes(server: FastifyInstance, { admin, authenticator, logger }: RestDependencies): void {
  server.get('/v1/events', async (request, reply) => {
    authenticator.requireAdmin(request.headers.authorization);
    const last = request.headers['last-event-id'];
    const after = String(last ?? text(request, 'after'));
    const since = last === undefined ? text(request, 'sinceMs') : '';
    const problems = [
      ...(/^\d{0,15}$/.test(after) ? [] : [{ path: 'after', message: 'must be a sequence number' }]),
      ...(/^\d{0,15}$/.test(since) ? [] : [{ path: 'sinceMs', message: 'must be a number of milliseconds' }]),
    ];
    if (problems.length > 0) throw invalid(problems);
    const filter = {
      afterSequence: Number(after),
      workload: text(request, 'workload'),
      gate: text(request, 'gate'),
      fromStart: false,
      sinceMs: Number(since),
      storedOnly: flag(request, 'storedOnly'),
      service: text(request, 'service'),
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
