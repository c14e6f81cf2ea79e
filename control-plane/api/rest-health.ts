import type { RestDependencies } from './api-dependencies.ts';
import type { RestRoute } from './rest-route.ts';

const PUBLIC = { method: 'GET', tag: 'server', credential: 'none' } as const;

/** Health and metrics, for everybody who reaches the port. */
export const healthRoutes = ({
  isReady,
  leadership,
  metrics,
}: Pick<RestDependencies, 'isReady' | 'leadership' | 'metrics'>): RestRoute[] => [
  {
    ...PUBLIC,
    path: '/healthz',
    operationId: 'isAlive',
    summary: 'Whether the process answers',
    answers: { 200: { kind: 'json', description: 'It does.', schema: ALIVE_SCHEMA } },
    handle: () => ({ value: { status: 'alive' } }),
  },
  {
    ...PUBLIC,
    path: '/readyz',
    operationId: 'isReady',
    summary: 'Whether the store is reached and the configuration is there, and who leads',
    answers: {
      200: { kind: 'json', description: 'Ready.', schema: READY_SCHEMA },
      503: { kind: 'json', description: 'Not ready.', schema: READY_SCHEMA },
    },
    handle: () => {
      const ready = isReady();
      return { status: ready ? 200 : 503, value: { status: ready ? 'ready' : 'not ready', ...leadership() } };
    },
  },
  {
    ...PUBLIC,
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'Metrics in the text format of Prometheus',
    answers: { 200: { kind: 'text', description: 'The metrics.', mediaType: metrics.contentType } },
    handle: async () => ({ value: await metrics.metrics() }),
  },
];

const ALIVE_SCHEMA = { type: 'object', properties: { status: { const: 'alive' } }, required: ['status'] };

const READY_SCHEMA = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['ready', 'not ready'] },
    role: { type: 'string', enum: ['leader', 'follower'] },
    epoch: { type: 'integer', minimum: 0, description: 'Newest leadership known; 0 = there was no leader yet.' },
    leader: { type: 'string', description: 'The replica that leads; empty = nobody.' },
  },
  required: ['status', 'role', 'epoch', 'leader'],
};
