import type { ServerResponse } from 'node:http';
import { messageToJson } from '../../platform/message-json.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { pump } from './pump.ts';
import type { RestCall } from './rest-call.ts';
import { fieldParameter, fieldParameters } from './rest-parameters.ts';
import type { RestReply, RestRoute } from './rest-route.ts';
import { toApiError } from './to-api-error.ts';

/** A comment is sent this often, so that proxies keep a quiet stream open. */
const HEARTBEAT_MS = 15_000;

const REQUEST = 'capmesh.v1.WatchEventsRequest';
const FILTERS = ['fromStart', 'sinceMs', 'workload', 'service', 'gate', 'action', 'storedOnly'];
const NO_SEQUENCE = -1;
const AFTER = fieldParameter(REQUEST, 'afterSequence');

type Dependencies = Pick<RestDependencies, 'admin' | 'logger'>;

/**
 * Capacity events as server-sent events, `id` being the sequence, so that a client that comes back with
 * `Last-Event-ID` misses nothing. The first id comes without an event and says where the stream begins. What ends
 * it is told as an event `problem`.
 */
export const eventRoutes = (deps: Dependencies): RestRoute[] => [
  {
    method: 'GET',
    path: '/v1/events',
    operationId: 'watchEvents',
    summary: 'Capacity events as they happen, as server-sent events',
    tag: 'operation',
    credential: 'admin',
    parameters: {
      query: { after: AFTER, ...fieldParameters(REQUEST, ...FILTERS) },
      header: { 'last-event-id': { ...AFTER, absent: NO_SEQUENCE } },
    },
    answers: {
      200: { kind: 'events', description: 'Events, until the caller goes.', type: 'capmesh.v1.CapacityEvent' },
    },
    refuses: ['gone', 'busy', 'unavailable'],
    handle: (call) => watch(deps, call),
  },
];

/** `Last-Event-ID` is stronger than what the query says: it is newer. */
async function watch({ admin, logger }: Dependencies, call: RestCall): Promise<RestReply> {
  const last = call.number('last-event-id');
  const comesBack = last !== NO_SEQUENCE;
  const request = {
    afterSequence: comesBack ? last : call.number('after'),
    workload: call.text('workload'),
    gate: call.text('gate'),
    action: call.text('action'),
    fromStart: !comesBack && call.flag('fromStart'),
    sinceMs: comesBack ? 0 : call.number('sinceMs'),
    storedOnly: call.flag('storedOnly'),
    service: call.text('service'),
  };
  const aborter = new AbortController();
  const { after, events } = await admin.watchEvents(request, aborter.signal);
  return {
    stream: async (raw) => {
      raw.on('close', () => aborter.abort());
      raw.on('error', () => aborter.abort());
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      raw.write(`id: ${after}\n: capacity events\n\n`);
      const stopHeartbeat = startHeartbeat(raw);
      try {
        await pump(events, (event) => raw.write(eventText(event)), raw, aborter.signal);
      } catch (error) {
        const told = toApiError(error, logger) ?? { code: 'internal', message: 'the control plane failed' };
        raw.write(`event: problem\ndata: ${JSON.stringify({ code: told.code, message: told.message })}\n\n`);
      } finally {
        stopHeartbeat();
        aborter.abort();
        raw.end();
      }
    },
  };
}

function startHeartbeat(raw: ServerResponse): () => void {
  const heartbeat = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(': alive\n\n');
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return () => clearInterval(heartbeat);
}

function eventText(event: CapacityEvent): string {
  const data = JSON.stringify(messageToJson('capmesh.v1.CapacityEvent', event));
  return `id: ${event.sequence}\nevent: capacity\ndata: ${data}\n\n`;
}
