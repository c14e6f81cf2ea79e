import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Problem } from '../core/problem.ts';
import { nearestWord } from './nearest-word.ts';

/** One finding of ajv (run with `verbose`) in the words and paths of the mesh file. */
export function schemaProblem(error: ErrorObject): Problem[] {
  // The pattern of a key is told by the propertyNames error that encloses it.
  if (error.propertyName !== undefined && error.keyword !== 'propertyNames') return [];
  const path = fieldPath(error.instancePath);
  const params: Record<string, unknown> = error.params;
  switch (error.keyword) {
    case 'required':
      return [{ path: join(path, String(params.missingProperty)), message: 'is missing' }];
    case 'additionalProperties':
      return [unknownKey(error, path, String(params.additionalProperty))];
    case 'propertyNames':
      return [{ path: join(path, String(params.propertyName)), message: `must be a name: ${NAME_RULE}` }];
    case 'pattern':
      return [{ path, message: `must be a name: ${NAME_RULE} (got ${shown(error.data)})` }];
    case 'type':
      return [{ path, message: `must be ${typeWords(params.type)} (got ${shown(error.data)})` }];
    case 'enum':
      return [
        {
          path,
          message: `must be one of ${(params.allowedValues as unknown[]).join(', ')} (got ${shown(error.data)})`,
        },
      ];
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return [
        {
          path,
          message: `must be ${comparison(params.comparison)} ${String(params.limit)} (got ${shown(error.data)})`,
        },
      ];
    case 'minItems':
      return [{ path, message: `must have at least ${String(params.limit)} entry` }];
    case 'maxItems':
    case 'maxProperties':
      return [{ path, message: `must have at most ${String(params.limit)} entries` }];
    default:
      return [{ path, message: error.message ?? `breaks ${error.keyword}` }];
  }
}

const NAME_RULE = 'a-z, 0-9 and - inside, at most 63 characters';

function unknownKey(error: ErrorObject, path: string, key: string): Problem {
  const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
  const meant = nearestWord(key, known);
  const hint = meant ? `; did you mean ${meant}?` : `; known here: ${known.join(', ')}`;
  return { path: join(path, key), message: `is not a known field${hint}` };
}

/** `/services/payment/endpoints/0` → `services.payment.endpoints[0]`. */
export const fieldPath = (instancePath: string): string =>
  pointerParts(instancePath).reduce(
    (path, part) => (/^\d+$/.test(part) && isList(path) ? `${path}[${part}]` : join(path, part)),
    '',
  );

const isList = (path: string): boolean => path === 'policy.shadow' || /^services\.[^.]+\.endpoints$/.test(path);
const join = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`);
const pointerParts = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const typeWords = (type: unknown): string =>
  [type]
    .flat()
    .map(
      (word) =>
        ({ object: 'a map', array: 'a list', integer: 'a whole number', null: 'null' })[String(word)] ??
        `a ${String(word)}`,
    )
    .join(' or ');

const comparison = (symbol: unknown): string => ({ '<=': '≤', '>=': '≥' })[String(symbol)] ?? String(symbol);

function shown(value: unknown): string {
  if (value !== null && typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/**
 * A copy of `raw` without the values that the schema refused, so that the rest can
 * be checked for meaning; null where nothing can be salvaged. A value that should
 * have been a map becomes an empty one: what refers to it does not dangle.
 */
export function pruneInvalid(raw: unknown, errors: readonly ErrorObject[]): Record<string, unknown> | null {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) return null;
  const copy = structuredClone(raw) as Record<string, unknown>;
  for (const error of errors) {
    if (error.keyword === 'required' || error.keyword === 'propertyNames' || error.propertyName !== undefined) continue;
    const parts = pointerParts(error.instancePath);
    if (error.keyword === 'additionalProperties')
      parts.push(String((error.params as Record<string, unknown>).additionalProperty));
    drop(copy, parts, error.keyword === 'type' && error.params.type === 'object');
  }
  return copy;
}

function drop(root: Record<string, unknown>, parts: readonly string[], wantedMap: boolean): void {
  const last = parts.at(-1);
  let parent: unknown = root;
  for (const part of parts.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[part];
  if (last === undefined || parent === null || typeof parent !== 'object') return;
  if (Array.isArray(parent)) parent[Number(last)] = PLACEHOLDER_ENDPOINT;
  else if (wantedMap) (parent as Record<string, unknown>)[last] = {};
  else delete (parent as Record<string, unknown>)[last];
}

/** Stands where an endpoint was no text, so that the places of the others stay. Its own problem is told already. */
const PLACEHOLDER_ENDPOINT = '';
