import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import type { Checked, Problem } from '../core/problem.ts';
import { messageDescriptor } from './message-registry.ts';
import { millisecondsOf, secondsAndNanos } from './protobuf-time.ts';
import { validateMessage } from './validate-message.ts';

/**
 * Proto JSON of a ts-proto object: camelCase names, defaults written out,
 * timestamps in RFC 3339, durations as `"1.5s"`, enums by name. Unlike canonical
 * proto JSON, 64-bit integers are numbers (all of ours stay below 2⁵³).
 */
export function messageToJson(typeName: string, message: object): Record<string, unknown> {
  return write(messageDescriptor(typeName), message as Fields);
}

/**
 * Reads proto JSON into a ts-proto object. Unknown names and wrong JSON types
 * are problems, all of them at once; the `validate.rules` are not looked at.
 */
export function messageFromJson<T>(typeName: string, json: unknown): Checked<T> {
  const problems: Problem[] = [];
  const value = read(messageDescriptor(typeName), json, '', problems);
  return problems.length === 0 ? { ok: true, value: value as T, warnings: [] } : { ok: false, problems };
}

/** The same with the `validate.rules`: what breaks them is told together with unknown names and wrong types. */
export function validMessageFromJson<T extends object>(typeName: string, json: unknown): Checked<T> {
  const problems: Problem[] = [];
  const value = read(messageDescriptor(typeName), json, '', problems);
  const told = new Set(problems.map(({ path }) => path));
  problems.push(...validateMessage(typeName, value).filter(({ path }) => !told.has(path)));
  return problems.length === 0 ? { ok: true, value: value as T, warnings: [] } : { ok: false, problems };
}

type Fields = Record<string, unknown>;

function write(desc: DescMessage, message: Fields): Fields {
  const json: Fields = {};
  for (const field of desc.fields) {
    const value = message[field.jsonName];
    if (value === undefined) {
      continue;
    }
    if (field.fieldKind === 'list') {
      json[field.jsonName] = (value as unknown[]).map((item) => writeOne(field, item));
    } else if (field.fieldKind === 'map') {
      const entries = Object.entries(value as Fields).map(([key, item]) => [key, writeOne(field, item)]);
      json[field.jsonName] = Object.fromEntries(entries);
    } else {
      json[field.jsonName] = writeOne(field, value);
    }
  }
  return json;
}

function writeOne(field: DescField, value: unknown): unknown {
  if (field.enum !== undefined) {
    return field.enum.values.find((known) => known.number === value)?.name ?? value;
  }
  if (field.message === undefined) {
    return value;
  }
  const time = value as { seconds: number; nanos: number };
  switch (field.message.typeName) {
    case 'google.protobuf.Timestamp':
      return new Date(millisecondsOf(time)).toISOString();
    case 'google.protobuf.Duration':
      return `${millisecondsOf(time) / 1000}s`;
    default:
      return write(field.message, value as Fields);
  }
}

function read(desc: DescMessage, json: unknown, path: string, problems: Problem[]): Fields {
  const message = emptyMessage(desc);
  if (!isObject(json)) {
    problems.push({ path, message: 'must be an object' });
    return message;
  }
  for (const [key, value] of Object.entries(json)) {
    const at = path === '' ? key : `${path}.${key}`;
    const field = desc.fields.find((candidate) => candidate.jsonName === key || candidate.name === key);
    if (field === undefined) {
      problems.push({
        path: at,
        message: `is not a field; known are ${desc.fields.map((f) => f.jsonName).join(', ')}`,
      });
    } else if (value !== null) {
      message[field.jsonName] = readField(field, value, at, problems);
    }
  }
  return message;
}

function readField(field: DescField, value: unknown, path: string, problems: Problem[]): unknown {
  if (field.fieldKind === 'list') {
    if (Array.isArray(value)) {
      return value.map((item, index) => readOne(field, item, `${path}[${index}]`, problems));
    }
    problems.push({ path, message: 'must be a list' });
    return [];
  }
  if (field.fieldKind === 'map') {
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, readOne(field, item, `${path}.${key}`, problems)]),
      );
    }
    problems.push({ path, message: 'must be a map' });
    return {};
  }
  return readOne(field, value, path, problems);
}

function readOne(field: DescField, value: unknown, path: string, problems: Problem[]): unknown {
  if (field.enum !== undefined) {
    return expected(
      field.enum.values.find((known) => known.name === value)?.number,
      'must be a known name',
      path,
      problems,
    );
  }
  if (field.message === undefined) {
    const type = jsonTypes[field.scalar ?? ScalarType.STRING] ?? 'number';
    return expected(typeof value === type ? value : undefined, `must be a ${type}`, path, problems);
  }
  switch (field.message.typeName) {
    case 'google.protobuf.Timestamp':
      return expected(timestamp(value), 'must be an RFC 3339 time', path, problems);
    case 'google.protobuf.Duration':
      return expected(duration(value), 'must be a duration such as "30s"', path, problems);
    default:
      return read(field.message, value, path, problems);
  }
}

const jsonTypes: Readonly<Partial<Record<ScalarType, 'string' | 'boolean'>>> = {
  [ScalarType.STRING]: 'string',
  [ScalarType.BOOL]: 'boolean',
};

function emptyMessage(desc: DescMessage): Fields {
  const fields: Fields = {};
  for (const field of desc.fields) {
    fields[field.jsonName] = emptyValue(field);
  }
  return fields;
}

function emptyValue(field: DescField): unknown {
  if (field.fieldKind === 'list') {
    return [];
  }
  if (field.fieldKind === 'map') {
    return {};
  }
  if (field.presence === FeatureSet_FieldPresence.EXPLICIT) {
    return undefined;
  }
  const type = jsonTypes[field.scalar ?? ScalarType.INT32];
  return type === 'string' ? '' : type === 'boolean' ? false : 0;
}

function timestamp(value: unknown): { seconds: number; nanos: number } | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : secondsAndNanos(ms);
}

function duration(value: unknown): { seconds: number; nanos: number } | undefined {
  const match = typeof value === 'string' ? /^(-?\d+(?:\.\d{1,9})?)s$/.exec(value) : null;
  return match === null ? undefined : secondsAndNanos(Math.round(Number(match[1]) * 1e6) / 1e3);
}

function expected<T>(value: T | undefined, message: string, path: string, problems: Problem[]): T | undefined {
  if (value === undefined) {
    problems.push({ path, message });
  }
  return value;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
