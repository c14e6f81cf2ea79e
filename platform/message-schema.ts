import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { durationPattern } from './duration-pattern.ts';
import { type FieldRule, readFieldRules, ruleMilliseconds, ruleNotUnderstood, rulesExtension } from './field-rules.ts';
import { messageFromJson } from './message-json.ts';
import { messageDescriptor, messageRegistry } from './message-registry.ts';
import { INTEGER_RANGES } from './message-rules.ts';
import { fieldComment, messageComment } from './proto-comments.ts';
import { validateMessage } from './validate-message.ts';

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface MessageSchema extends JsonSchema {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
}

/** `answer`: as `messageToJson` writes it. `request`: as `messageFromJson` reads it, `null` being absent. */
export type Direction = 'answer' | 'request';

/** Name of a message's schema among the components; requests and answers differ in what may be left out. */
export function schemaName(typeName: string, direction: Direction): string {
  const { name } = messageDescriptor(typeName);
  return direction === 'answer' || name.endsWith('Request') ? name : `${name}Input`;
}

/** The schema of a message by reference. */
export const schemaRef = (typeName: string, direction: Direction): JsonSchema => ({
  $ref: `#/components/schemas/${schemaName(typeName, direction)}`,
});

/** Schemas of a message and of all that it holds, by `schemaName`, added to `schemas`. */
export function addMessageSchemas(typeName: string, direction: Direction, schemas: Record<string, JsonSchema>): void {
  const name = schemaName(typeName, direction);
  if (schemas[name] !== undefined) return;
  schemas[name] = messageSchema(typeName, direction);
  addInnerSchemas(typeName, direction, schemas);
}

/** Schemas of all that a message holds. */
export function addInnerSchemas(typeName: string, direction: Direction, schemas: Record<string, JsonSchema>): void {
  for (const { message } of messageDescriptor(typeName).fields) {
    if (message !== undefined && !isTime(message)) addMessageSchemas(message.typeName, direction, schemas);
  }
}

/**
 * The proto JSON of one message with its `validate.rules`; messages in it by reference. An answer has every field
 * but those that know absence; a request has to have those whose rules refuse what stands for an absent one.
 * Throws on a rule that JSON Schema has no word for here.
 */
export function messageSchema(typeName: string, direction: Direction): MessageSchema {
  const desc = messageDescriptor(typeName);
  const isNeeded = direction === 'answer' ? isAlwaysWritten : neededIn(desc);
  return {
    ...described(messageComment(desc)),
    type: 'object',
    properties: Object.fromEntries(
      desc.fields.map((field) => {
        const schema = fieldSchema(field, direction);
        return [field.jsonName, direction === 'answer' || isNeeded(field) ? schema : nullable(schema)];
      }),
    ),
    required: desc.fields.filter(isNeeded).map((field) => field.jsonName),
    ...(direction === 'request' && { additionalProperties: false }),
  };
}

const isAlwaysWritten = (field: DescField): boolean => field.presence !== FeatureSet_FieldPresence.EXPLICIT;

function neededIn(desc: DescMessage): (field: DescField) => boolean {
  const empty = messageFromJson<object>(desc.typeName, {});
  const missed = new Set(empty.ok ? validateMessage(desc.typeName, empty.value).map(({ path }) => path) : []);
  return (field) => missed.has(field.jsonName);
}

/** One field, without what is said about its absence. */
export function fieldSchema(field: DescField, direction: Direction): JsonSchema {
  const rules = readFieldRules(field, rulesExtension(messageRegistry()));
  const keywords = rules.filter(({ kind }) => kind !== 'duration').map((rule) => ruleKeyword(field, rule));
  return Object.assign({}, valueSchema(field, direction, rules), ...keywords, described(fieldComment(field)));
}

function valueSchema(field: DescField, direction: Direction, rules: readonly FieldRule[]): JsonSchema {
  if (field.fieldKind === 'list') return { type: 'array', items: oneSchema(field, direction, []) };
  if (field.fieldKind === 'map') return { type: 'object', additionalProperties: oneSchema(field, direction, []) };
  return oneSchema(field, direction, rules);
}

function oneSchema(field: DescField, direction: Direction, rules: readonly FieldRule[]): JsonSchema {
  if (field.enum !== undefined) return { type: 'string', enum: field.enum.values.map(({ name }) => name) };
  if (field.message === undefined) return scalarSchema(field.scalar ?? ScalarType.STRING);
  if (field.message.typeName === 'google.protobuf.Timestamp') return { type: 'string', format: 'date-time' };
  if (field.message.typeName === 'google.protobuf.Duration') return durationSchema(field, rules);
  return schemaRef(field.message.typeName, direction);
}

function scalarSchema(type: ScalarType): JsonSchema {
  const range = INTEGER_RANGES[type];
  if (range !== undefined) return { type: 'integer', minimum: range[0], maximum: range[1] };
  if (type === ScalarType.STRING) return { type: 'string' };
  return { type: type === ScalarType.BOOL ? 'boolean' : 'number' };
}

function durationSchema(field: DescField, rules: readonly FieldRule[]): JsonSchema {
  const bounds = rules.filter(({ kind }) => kind === 'duration');
  const seconds = new Map(bounds.map(({ name, parameter }) => [name, ruleMilliseconds(parameter) / 1000]));
  const [min, max] = [seconds.get('gte'), seconds.get('lte')];
  const [first] = bounds;
  // Both bounds in whole seconds, or none.
  const isUnderstood = bounds.length === 2 && Number.isInteger(min) && Number.isInteger(max);
  if (first !== undefined && !isUnderstood) throw ruleNotUnderstood(field, first);
  return { type: 'string', pattern: durationPattern(min, max) };
}

const NUMBER_KEYWORDS = { gt: 'exclusiveMinimum', gte: 'minimum', lt: 'exclusiveMaximum', lte: 'maximum' };

/** JSON Schema's word for each rule that carries a number or a text, by its kind. */
const KEYWORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  double: NUMBER_KEYWORDS,
  uint32: NUMBER_KEYWORDS,
  string: { min_len: 'minLength', max_len: 'maxLength', pattern: 'pattern', in: 'enum' },
  repeated: { min_items: 'minItems', max_items: 'maxItems' },
};

function ruleKeyword(field: DescField, rule: FieldRule): JsonSchema {
  const { kind, name, parameter } = rule;
  // Both are said where the value is described: the names of an enum, and what has to be there.
  if ((kind === 'enum' && name === 'defined_only') || (kind === 'message' && name === 'required')) return {};
  const keyword = KEYWORDS[kind]?.[name];
  if (keyword === undefined) throw ruleNotUnderstood(field, rule);
  if (keyword === 'pattern') return { pattern: String(parameter) };
  return { [keyword]: keyword === 'enum' ? [...(parameter as Iterable<string>)] : Number(parameter) };
}

function nullable(schema: JsonSchema): JsonSchema {
  if ('$ref' in schema) {
    const { description, ...ref } = schema;
    return { anyOf: [ref, { type: 'null' }], ...described(String(description ?? '')) };
  }
  const names = schema.enum as readonly unknown[] | undefined;
  return { ...schema, type: [schema.type, 'null'], ...(names !== undefined && { enum: [...names, null] }) };
}

const isTime = (desc: DescMessage): boolean => desc.typeName.startsWith('google.protobuf.');

const described = (description: string): JsonSchema => (description === '' ? {} : { description });
