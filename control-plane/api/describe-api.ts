import { MESH_SCHEMA } from '../../core/mesh/mesh-schema.ts';
import { addInnerSchemas, addMessageSchemas, type JsonSchema } from '../../platform/message-schema.ts';
import { packageVersion } from '../../platform/package-version.ts';
import { describeOperation } from './describe-operation.ts';
import { ERROR_SCHEMA } from './rest-error.ts';
import { REST_TAGS, type RestRoute } from './rest-route.ts';

/** The routes in OpenAPI 3.1: their messages come from the protos, with the `validate.rules` as JSON Schema. */
export function describeApi(routes: readonly RestRoute[]): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: describeOperation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Capmesh control plane',
      description: 'Capacity budgets, grants and gates of an Envoy mesh. gRPC offers the same (capmesh.v1).',
      version: packageVersion(),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(REST_TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: schemasOf(routes), securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY_SCHEMES = {
  admin: { type: 'http', scheme: 'bearer', description: 'The admin token.' },
  token: { type: 'apiKey', in: 'header', name: 'x-capacity-token', description: 'The capacity token; or in the body.' },
  workload: { type: 'http', scheme: 'bearer', description: 'The enrolment secret of the workload that is named.' },
};

function schemasOf(routes: readonly RestRoute[]): Readonly<Record<string, JsonSchema>> {
  const { $schema: _, ...meshFile } = MESH_SCHEMA as JsonSchema;
  const schemas: Record<string, JsonSchema> = { Error: ERROR_SCHEMA, MeshFile: meshFile };
  for (const { body, answers } of routes) {
    if (body?.kind === 'message') {
      const add = body.fromPath === undefined && body.fromHeader === undefined ? addMessageSchemas : addInnerSchemas;
      add(body.type, 'request', schemas);
    }
    for (const answer of Object.values(answers)) {
      if (answer.kind !== 'message' && answer.kind !== 'events') continue;
      const isPart = answer.kind === 'message' && answer.only !== undefined;
      const add = isPart ? addInnerSchemas : addMessageSchemas;
      add(answer.type, 'answer', schemas);
    }
  }
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}
