import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { type FieldRule, readFieldRules, ruleMilliseconds, rulesExtension } from '../../platform/field-rules.ts';
import { messageDescriptor, messageRegistry } from '../../platform/message-registry.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';

type Plain = Record<string, unknown>;

/** A message with one mistake. */
export interface BrokenMessage {
  /** Where it is: `mesh.services[0].endpoints`. */
  readonly path: string;
  /** What it breaks: `string.max_len`. */
  readonly rule: string;
  readonly make: () => Plain;
}

/** The smallest message of a type that breaks no rule. */
export const soundMessage = (typeName: string): Plain => sound(messageDescriptor(typeName));

/** Each rule of a message and of all that it holds, broken once, and numbers that are none. */
export function brokenMessages(typeName: string): BrokenMessage[] {
  const desc = messageDescriptor(typeName);
  const inside = desc.fields.flatMap((field) => {
    if (field.message === undefined || isTime(field.message)) return [];
    const [path, wrap] =
      field.fieldKind === 'list'
        ? [`${field.jsonName}[0]`, (inner: Plain): unknown => [inner]]
        : [field.jsonName, (inner: Plain): unknown => inner];
    return brokenMessages(field.message.typeName).map((inner) => ({
      ...inner,
      path: `${path}.${inner.path}`,
      make: () => ({ ...sound(desc), [field.jsonName]: wrap(inner.make()) }),
    }));
  });
  return [...brokenFields(typeName), ...inside];
}

/** The same for the message's own fields alone. */
export function brokenFields(typeName: string): BrokenMessage[] {
  const desc = messageDescriptor(typeName);
  return desc.fields.flatMap((field) => {
    const path = field.jsonName;
    const breaks = rulesOf(field).map((rule) => ({
      path,
      rule: `${rule.kind}.${rule.name}`,
      make: () => ({ ...sound(desc), [path]: breaking(field, rule) }),
    }));
    if (!isDouble(field)) return breaks;
    return [...breaks, { path, rule: NOT_A_NUMBER, make: () => ({ ...sound(desc), [path]: Number.NaN }) }];
  });
}

/** The messages of capmesh.v1 that have rules. */
export const ruledMessages = (): string[] =>
  [...messageRegistry().files]
    .filter(({ proto }) => proto.package === 'capmesh.v1')
    .flatMap(({ messages }) => messages)
    .filter(({ fields }) => fields.some((field) => rulesOf(field).length > 0))
    .map(({ typeName }) => typeName);

/** The rule of every number, without any written one. */
export const NOT_A_NUMBER = 'a number';

/** A value that breaks this rule, and as far as can be no other. */
function breaking(field: DescField, { kind, name, parameter }: FieldRule): unknown {
  const bound = Number(parameter);
  switch (`${kind}.${name}`) {
    case 'string.pattern':
    case 'string.in':
      return 'No Such Word!';
    case 'string.min_len':
      return 'x'.repeat(bound - 1);
    case 'string.max_len':
      return 'x'.repeat(bound + 1);
    case 'repeated.min_items':
      return Array.from({ length: bound - 1 }, () => soundElement(field));
    case 'repeated.max_items':
      return distinctElements(field, bound + 1);
    case 'duration.gte':
      return secondsAndNanos(ruleMilliseconds(parameter) - 1);
    case 'duration.lte':
      return secondsAndNanos(ruleMilliseconds(parameter) + 1);
    case 'message.required':
      return undefined;
    case 'enum.defined_only':
      return 99;
  }
  switch (name) {
    case 'gt':
    case 'lt':
      return bound;
    case 'gte':
      return bound - 1;
    case 'lte':
      return bound + 1;
    default:
      throw new Error(`${field.parent.typeName}.${field.name}: nothing is known that breaks ${kind}.${name}`);
  }
}

function sound(desc: DescMessage): Plain {
  return Object.fromEntries(desc.fields.map((field) => [field.jsonName, soundValue(field)]));
}

function soundValue(field: DescField): unknown {
  const rules = rulesOf(field);
  const parameterOf = (name: string): unknown => rules.find((rule) => rule.name === name)?.parameter;
  if (field.fieldKind === 'map') return {};
  if (field.fieldKind === 'list') {
    return Array.from({ length: Number(parameterOf('min_items') ?? 0) }, () => soundElement(field));
  }
  if (field.message !== undefined) return parameterOf('required') === true ? sound(field.message) : undefined;
  if (field.presence === FeatureSet_FieldPresence.EXPLICIT) return undefined;
  if (field.scalar === ScalarType.STRING) return soundText(parameterOf);
  if (field.scalar === ScalarType.BOOL) return false;
  return Number(parameterOf('gte') ?? 0);
}

function soundText(parameterOf: (name: string) => unknown): string {
  const [first] = (parameterOf('in') ?? []) as readonly string[];
  const pattern = new RegExp(String(parameterOf('pattern') ?? ''), 'u');
  return first ?? (pattern.test('') && parameterOf('min_len') === undefined ? '' : 'x');
}

function soundElement(field: DescField): unknown {
  if (field.message !== undefined) return sound(field.message);
  return field.scalar === ScalarType.STRING ? '127.0.0.1:9101' : 0;
}

/** Elements that differ in their first field, where that is a name. */
function distinctElements(field: DescField, length: number): unknown[] {
  const element = soundElement(field);
  const [name] = field.message?.fields ?? [];
  if (name === undefined) return Array.from({ length }, () => element);
  return Array.from({ length }, (_, index) => ({ ...(element as Plain), [name.jsonName]: `x${index}` }));
}

const rulesOf = (field: DescField): FieldRule[] => readFieldRules(field, rulesExtension(messageRegistry()));
const isDouble = (field: DescField): boolean => field.fieldKind === 'scalar' && field.scalar === ScalarType.DOUBLE;
const isTime = (desc: DescMessage): boolean => desc.typeName.startsWith('google.protobuf.');
