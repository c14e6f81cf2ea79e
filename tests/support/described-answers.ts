import { equal, ok } from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Plain = Record<string, unknown>;

interface Described {
  readonly content?: Record<string, { readonly schema: Plain }>;
  readonly headers?: Record<string, { readonly required: boolean }>;
}

export interface ParameterSchema {
  readonly type?: string;
  /** Of flags. */
  readonly anyOf?: readonly object[];
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly maximum: number;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: ParameterSchema }[];
  readonly requestBody?: Plain;
  readonly security: readonly Record<string, readonly string[]>[];
  readonly responses: Record<string, Described>;
}

export interface ApiDescription {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Plain>; readonly securitySchemes: Plain };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Fails unless the answer is as the server's own description says: status, headers, media type, every field. */
export async function checkAnswer(url: string, method: string, target: string, answer: Answer): Promise<void> {
  if (answer.status === 405 || method === 'HEAD') return;
  const { description, ajv } = await descriptionAt(url);
  const path = describedPath(description, method, target.split('?')[0] ?? '');
  if (path === undefined) return equal(answer.status, 404, `${method} ${target} is not described`);
  const where = `${method} ${target} with ${answer.status}`;
  const described = description.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
  ok(described, `${where} is not described`);
  for (const [name, { required }] of Object.entries(described.headers ?? {})) {
    ok(!required || answer.headers.has(name), `${where} lacks ${name}`);
  }
  const mediaType = answer.headers.get('content-type')?.split(';')[0];
  if (mediaType === undefined) return equal(described.content, undefined, `${where} has no body`);
  ok(described.content?.[mediaType], `${where} is described as another kind than ${mediaType}`);
  if (mediaType === 'text/event-stream') return checkEvents(ajv, where, String(answer.body));
  if (!mediaType.includes('json')) return;
  const pointer = ['paths', path, method.toLowerCase(), 'responses', answer.status, 'content', mediaType, 'schema'];
  const isAsDescribed = ajv.getSchema(`api#/${pointer.map(escaped).join('/')}`) as ValidateFunction;
  ok(
    isAsDescribed(answer.body),
    `${where}: ${ajv.errorsText(isAsDescribed.errors)} in ${JSON.stringify(answer.body).slice(0, 2000)}`,
  );
}

function checkEvents(ajv: Ajv2020, where: string, stream: string): void {
  const isEvent = ajv.getSchema('api#/components/schemas/CapacityEvent') as ValidateFunction;
  for (const [, data = ''] of stream.matchAll(/^event: capacity\ndata: (.*)$/gm)) {
    ok(isEvent(JSON.parse(data)), `${where}: ${ajv.errorsText(isEvent.errors)} in ${data}`);
  }
}

const escaped = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

function describedPath({ paths }: ApiDescription, method: string, path: string): string | undefined {
  const parts = path.split('/');
  const fits = (pattern: string, exactly: boolean): boolean => {
    const wanted = pattern.split('/');
    return (
      wanted.length === parts.length &&
      wanted.every((part, at) => part === parts[at] || (!exactly && part.startsWith('{')))
    );
  };
  const candidates = Object.keys(paths).filter((each) => paths[each]?.[method.toLowerCase()] !== undefined);
  return candidates.find((each) => fits(each, true)) ?? candidates.find((each) => fits(each, false));
}

interface Loaded {
  readonly description: ApiDescription;
  readonly ajv: Ajv2020;
}

const loaded = new Map<string, Promise<Loaded>>();

/** The description that the server at this address gives of itself, read once. */
export function descriptionAt(url: string): Promise<Loaded> {
  const known = loaded.get(url) ?? load(url);
  loaded.set(url, known);
  return known;
}

async function load(url: string): Promise<Loaded> {
  const description = (await (await fetch(`${url}/openapi.json`)).json()) as ApiDescription;
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': RFC3339 } });
  ajv.addSchema(closed(description) as Plain, 'api');
  return { description, ajv };
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The same where no object has a field that is not described: clients let such pass, tests do not. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, closed(item)])) as Plain;
  const isOpenObject = copy.type === 'object' && typeof copy.properties === 'object';
  return isOpenObject && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}
