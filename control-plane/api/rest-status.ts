import type { AdminHandlers } from './admin-handlers.ts';
import { messageAnswer, type RestRoute } from './rest-route.ts';

const OPERATOR = { tag: 'operation', credential: 'admin' } as const;

/** What is measured and judged, for operators. */
export const statusRoutes = (admin: AdminHandlers): RestRoute[] => [
  {
    ...OPERATOR,
    method: 'GET',
    path: '/v1/status',
    operationId: 'getStatus',
    summary: 'What the kernel sees: nodes, services, edges, gates and actions',
    answers: { 200: messageAnswer('The state of the mesh.', 'capmesh.v1.Status') },
    handle: () => ({ value: admin.getStatus() }),
  },
  {
    ...OPERATOR,
    method: 'GET',
    path: '/v1/scale',
    operationId: 'getScale',
    summary: 'Which services should be larger, for autoscalers',
    answers: { 200: messageAnswer('What is asked for.', 'capmesh.v1.ScaleRequests') },
    handle: () => ({ value: admin.getScale() }),
  },
  {
    ...OPERATOR,
    method: 'GET',
    path: '/v1/substrate',
    operationId: 'getSubstrate',
    summary: 'What was measured: load, latency, errors, resources of hosts, who calls whom, and the spectrum of that',
    answers: { 200: messageAnswer('The measurements.', 'capmesh.v1.Substrate') },
    handle: () => ({ value: admin.getSubstrate() }),
  },
];
