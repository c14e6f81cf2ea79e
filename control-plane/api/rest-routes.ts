import type { RestDependencies } from './api-dependencies.ts';
import { describeApi } from './describe-api.ts';
import { actionRoutes } from './rest-actions.ts';
import { capacityRoutes } from './rest-capacity.ts';
import { eventRoutes } from './rest-events.ts';
import { explainRoutes } from './rest-explain.ts';
import { healthRoutes } from './rest-health.ts';
import { keyRoutes } from './rest-keys.ts';
import { meshRoutes } from './rest-mesh.ts';
import { operationRoutes } from './rest-operations.ts';
import type { RestRoute } from './rest-route.ts';
import { statusRoutes } from './rest-status.ts';
import { whatIfRoutes } from './rest-what-if.ts';
import { workloadRoutes } from './rest-workloads.ts';

/** Every route of the REST door, that of its own description included. */
export function restRoutes(deps: RestDependencies): readonly RestRoute[] {
  const { admin } = deps;
  const description: RestRoute = {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'describeApi',
    summary: 'This description, in OpenAPI 3.1',
    tag: 'server',
    credential: 'none',
    answers: { 200: { kind: 'json', description: 'The description.', schema: DESCRIPTION_SCHEMA } },
    handle: () => ({ value: document }),
  };
  const routes = [
    ...meshRoutes(admin),
    ...whatIfRoutes(admin),
    ...workloadRoutes(admin),
    ...capacityRoutes(deps.capacity),
    ...operationRoutes(deps.operations),
    ...statusRoutes(admin),
    ...explainRoutes(admin),
    ...actionRoutes(admin),
    ...eventRoutes(deps),
    ...keyRoutes(deps),
    ...healthRoutes(deps),
    description,
  ];
  const document = JSON.stringify(describeApi(routes));
  return routes;
}

const DESCRIPTION_SCHEMA = {
  type: 'object',
  properties: { openapi: { type: 'string', pattern: '^3\\.1\\.' } },
  required: ['openapi', 'info', 'paths', 'components'],
  additionalProperties: true,
};
