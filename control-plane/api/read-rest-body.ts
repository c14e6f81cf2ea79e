import type { FastifyRequest } from 'fastify';
import type { Checked, Problem } from '../../core/problem.ts';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { messageFromJson, validMessageFromJson } from '../../platform/message-json.ts';
import { ApiError } from './api-error.ts';
import type { ParameterValue } from './rest-parameters.ts';
import type { RestBody } from './rest-route.ts';

export const BODY_MEDIA_TYPES: Readonly<Record<RestBody['kind'], readonly string[]>> = {
  message: ['application/json'],
  'mesh-file': ['application/yaml', 'application/json'],
};

/** Problems told at most; a body that is wrong throughout needs no longer list. */
const PROBLEMS_MAX = 1000;

/**
 * The body as its route describes it, checked against the rules of its message or of the mesh file. Throws
 * `unsupported-media-type` where it says to be something else; a body that does not say what it is, is read.
 */
export function readRestBody(
  body: RestBody,
  request: FastifyRequest,
  parameters: ReadonlyMap<string, ParameterValue>,
): Checked<unknown> {
  const text = typeof request.body === 'string' ? request.body : '';
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const taken = BODY_MEDIA_TYPES[body.kind];
  if (mediaType !== '' && text !== '' && !taken.includes(mediaType)) {
    const message = `must be ${taken.join(' or ')}, not ${mediaType}`;
    throw new ApiError('unsupported-media-type', `content-type: ${message}`, [{ path: 'content-type', message }]);
  }
  const read = body.kind === 'mesh-file' ? parseMeshFile(text) : readMessage(body, text, parameters);
  return read.ok ? read : { ok: false, problems: read.problems.slice(0, PROBLEMS_MAX) };
}

function readMessage(
  { type, fromPath = [], fromHeader = {} }: RestBody & { readonly kind: 'message' },
  text: string,
  parameters: ReadonlyMap<string, ParameterValue>,
): Checked<unknown> {
  const json = parseObject(text);
  if (!json.ok) return json;
  const has = (field: string): boolean => json.value[field] !== undefined;
  const headers = Object.entries(fromHeader).filter(([, header]) => parameters.get(header) !== '');
  const contradictions: Problem[] = [
    ...fromPath
      .filter((name) => has(name) && json.value[name] !== parameters.get(name))
      .map((path) => ({ path, message: `must be as in the path, "${parameters.get(path)}", or be left out` })),
    ...headers
      .filter(([field]) => has(field))
      .map(([path, header]) => ({ path, message: `is in the body and in ${header}` })),
  ];
  const told = [...fromPath.map((name) => [name, name]), ...headers].map(([field, from = '']) => [
    field,
    parameters.get(from),
  ]);
  const whole = { ...json.value, ...Object.fromEntries(told) };
  const structure = messageFromJson<object>(type, whole);
  // A whole request is checked by its handler too, together with what no rule can say.
  const read = structure.ok && type.endsWith('Request') ? structure : validMessageFromJson<object>(type, whole);
  // What is wrong with a parameter of the path was told as such.
  const broken = read.ok ? [] : read.problems.filter(({ path }) => !fromPath.includes(path));
  const problems = [...contradictions, ...broken];
  return problems.length > 0 ? { ok: false, problems } : read;
}

/** The body as a JSON object; an empty one is `{}`. */
export function parseObject(text: string): Checked<Record<string, unknown>> {
  if (text.trim() === '') return { ok: true, value: {}, warnings: [] };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ok: true, value: value as Record<string, unknown>, warnings: [] };
    }
    return { ok: false, problems: [{ path: 'body', message: 'must be an object' }] };
  } catch (error) {
    return { ok: false, problems: [{ path: 'body', message: error instanceof Error ? error.message : 'is not JSON' }] };
  }
}
