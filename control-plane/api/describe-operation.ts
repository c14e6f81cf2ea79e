import { type JsonSchema, messageSchema, schemaRef } from '../../platform/message-schema.ts';
import { mediaTypeOf } from './add-rest-route.ts';
import type { ApiErrorCode } from './api-error.ts';
import { BODY_MEDIA_TYPES } from './read-rest-body.ts';
import { REFUSALS } from './rest-error.ts';
import type { RestParameter } from './rest-parameters.ts';
import type { RestBody, RestContent, RestRoute } from './rest-route.ts';

type Plain = Readonly<Record<string, unknown>>;

/** One route as an Operation Object of OpenAPI 3.1. */
export function describeOperation(route: RestRoute): Plain {
  const { operationId, summary, tag, credential, body } = route;
  const parameters = Object.entries(route.parameters ?? {}).flatMap(([place, described]) =>
    Object.entries(described).map(([name, parameter]) => describeParameter(place, name, parameter)),
  );
  return {
    operationId,
    summary,
    tags: [tag],
    security: securityOf(credential),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: describeBody(body) }),
    responses: describeAnswers(route),
  };
}

/** A token may be in the body instead. */
const securityOf = (credential: RestRoute['credential']): readonly object[] =>
  credential === 'none' ? [] : credential === 'token' ? [{ token: [] }, {}] : [{ [credential]: [] }];

function describeParameter(place: string, name: string, { schema }: RestParameter): Plain {
  const { description, ...bare } = schema;
  return {
    name,
    in: place,
    ...(place === 'path' && { required: true }),
    ...(description !== undefined && { description }),
    schema: bare,
  };
}

function describeBody(body: RestBody): Plain {
  const { schema, required } = body.kind === 'mesh-file' ? MESH_FILE : messageBody(body);
  const content = BODY_MEDIA_TYPES[body.kind].map((mediaType) => [mediaType, { schema }]);
  return { required, content: Object.fromEntries(content) };
}

interface BodySchema {
  readonly schema: JsonSchema;
  /** An empty body is an empty object, which lacks something. */
  readonly required: boolean;
}

const MESH_FILE: BodySchema = { schema: { $ref: '#/components/schemas/MeshFile' }, required: true };

/** What the path says already need not be said again, nor what a header says. */
function messageBody({ type, fromPath, fromHeader = {} }: RestBody & { readonly kind: 'message' }): BodySchema {
  const whole = messageSchema(type, 'request');
  const isWhole = fromPath === undefined && Object.keys(fromHeader).length === 0;
  if (isWhole) return { schema: schemaRef(type, 'request'), required: whole.required.length > 0 };
  const inPath = (fromPath ?? []).map((name) => [
    name,
    { type: 'string', description: 'As in the path, or left out.' },
  ]);
  const inHeader = Object.entries(fromHeader).map(([name, header]) => [
    name,
    { ...whole.properties[name], description: `Here or in ${header}.` },
  ]);
  const told = new Map([...inPath, ...inHeader] as [string, JsonSchema][]);
  const required = whole.required.filter((name) => !told.has(name));
  const properties = { ...whole.properties, ...Object.fromEntries(told) };
  return { schema: { ...whole, properties, required }, required: required.length > 0 };
}

/** Each status with all that may be answered with it. */
function describeAnswers(route: RestRoute): Plain {
  const answers: Record<number, RestContent[]> = {};
  for (const [status, answer] of Object.entries(route.answers)) answers[Number(status)] = [answer];
  for (const code of refusalsOf(route)) {
    const { status, description, headers = {} } = REFUSALS[code];
    answers[status] = [...(answers[status] ?? []), refusal(description, Object.keys(headers))];
  }
  answers[500] = [refusal('The control plane failed; its log says more.', [])];
  return Object.fromEntries(Object.entries(answers).map(([status, all]) => [status, describeAnswer(all)]));
}

/** What a route refuses by its kind, and what it says that it refuses. */
const refusalsOf = (route: RestRoute): ReadonlySet<ApiErrorCode> =>
  new Set<ApiErrorCode>([
    ...(route.credential === 'none' ? [] : (['invalid', 'unauthenticated'] as const)),
    ...(route.body === undefined ? [] : (['invalid', 'too-large', 'unsupported-media-type'] as const)),
    ...(route.method === 'GET' ? [] : (['busy', 'unavailable'] as const)),
    ...(route.refuses ?? []),
  ]);

const refusal = (description: string, headers: readonly string[]): RestContent => ({
  kind: 'json',
  description,
  schema: { $ref: '#/components/schemas/Error' },
  headers: Object.fromEntries(headers.map((name) => [name, { type: 'string' }])),
});

/** One status. A header is promised where everything that is answered with it has it. */
function describeAnswer(answers: readonly RestContent[]): Plain {
  const [first, ...others] = answers.map(({ headers = {} }) => headers);
  const headers = Object.entries(first ?? {}).filter(([name]) => others.every((each) => name in each));
  const schemas: Record<string, JsonSchema[]> = {};
  for (const answer of answers) {
    // Parameters, such as the charset, are no part of the name.
    const mediaType = mediaTypeOf(answer)?.split(';')[0];
    if (mediaType !== undefined) schemas[mediaType] = [...(schemas[mediaType] ?? []), contentSchema(answer)];
  }
  const content = Object.entries(schemas).map(([mediaType, anyOf]) => [
    mediaType,
    { schema: anyOf.length > 1 ? { anyOf } : anyOf[0] },
  ]);
  return {
    description: answers.map(({ description }) => description).join(' Or: '),
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map(([name, schema]) => [name, { required: true, schema }])),
    }),
    ...(content.length > 0 && { content: Object.fromEntries(content) }),
  };
}

function contentSchema(answer: RestContent): JsonSchema {
  if (answer.kind === 'json') return answer.schema;
  if (answer.kind === 'events') return eventSchema(answer.type);
  if (answer.kind !== 'message') return { type: 'string' };
  const { type, only } = answer;
  if (only === undefined) return schemaRef(type, 'answer');
  const { properties, required } = messageSchema(type, 'answer');
  return {
    type: 'object',
    properties: Object.fromEntries(only.map((name) => [name, properties[name]])),
    required: required.filter((name) => only.includes(name)),
  };
}

/** One event of a stream; OpenAPI 3.1 has no word for all of them. */
const eventSchema = (type: string): JsonSchema => ({
  type: 'object',
  properties: {
    id: { type: 'string', description: 'For Last-Event-ID.' },
    event: { type: 'string' },
    data: { type: 'string', contentMediaType: 'application/json', contentSchema: schemaRef(type, 'answer') },
  },
  required: ['event', 'data'],
});
