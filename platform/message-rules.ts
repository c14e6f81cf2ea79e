import {
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type FileRegistry,
  ScalarType,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import type { Problem } from '../core/problem.ts';
import { type FieldRule, readFieldRules, ruleMilliseconds, ruleNotUnderstood, rulesExtension } from './field-rules.ts';

/** Adds what is wrong with `value` to `problems`. */
export type Check = (value: unknown, path: string, problems: Problem[]) => void;

/** Says what is wrong with one value, or `null`. */
type Test = (value: unknown) => string | null;
type RuleTable = Readonly<Record<string, (parameter: unknown) => Test>>;

const numberRules: RuleTable = {
  gt: (bound) => (value) => (Number(value) > Number(bound) ? null : `must be greater than ${bound}`),
  gte: (bound) => (value) => (Number(value) >= Number(bound) ? null : `must be at least ${bound}`),
  lt: (bound) => (value) => (Number(value) < Number(bound) ? null : `must be less than ${bound}`),
  lte: (bound) => (value) => (Number(value) <= Number(bound) ? null : `must be at most ${bound}`),
};

const stringRules: RuleTable = {
  min_len: (min) => (value) => ([...String(value)].length >= Number(min) ? null : `needs at least ${min} characters`),
  max_len: (max) => (value) => ([...String(value)].length <= Number(max) ? null : `may have at most ${max} characters`),
  pattern: (source) => {
    const pattern = new RegExp(String(source), 'u');
    return (value) => (pattern.test(String(value)) ? null : `must match ${source}`);
  },
  in: (list) => {
    const allowed = [...(list as Iterable<string>)];
    return (value) => (allowed.includes(String(value)) ? null : `must be one of ${allowed.map(quoted).join(', ')}`);
  },
};

const listRules: RuleTable = {
  min_items: (min) => (value) => ((value as unknown[]).length >= Number(min) ? null : `needs at least ${min} items`),
  max_items: (max) => (value) => ((value as unknown[]).length <= Number(max) ? null : `may have at most ${max} items`),
};

const durationRules: RuleTable = {
  gte: (bound) => (value) =>
    ruleMilliseconds(value) >= ruleMilliseconds(bound) ? null : `must be at least ${seconds(bound)}`,
  lte: (bound) => (value) =>
    ruleMilliseconds(value) <= ruleMilliseconds(bound) ? null : `must be at most ${seconds(bound)}`,
};

const ruleTables: Readonly<Record<string, RuleTable>> = {
  double: numberRules,
  uint32: numberRules,
  string: stringRules,
  repeated: listRules,
  duration: durationRules,
  enum: {},
  message: {},
};

/** What a field of this type can hold, here: 64-bit integers are numbers. */
export const INTEGER_RANGES: Readonly<Partial<Record<ScalarType, readonly [number, number]>>> = {
  [ScalarType.UINT32]: [0, 2 ** 32 - 1],
  [ScalarType.INT32]: [-(2 ** 31), 2 ** 31 - 1],
  [ScalarType.UINT64]: [0, Number.MAX_SAFE_INTEGER],
  [ScalarType.INT64]: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * Turns the `validate.rules` of every message of one proto package into checks
 * over ts-proto objects. Throws on a rule that is not understood: a rule is
 * enforced or the program does not start.
 */
export function compileMessageRules(registry: FileRegistry, packageName: string): ReadonlyMap<string, Check> {
  const extension = rulesExtension(registry);
  const checks = new Map<string, Check>();
  for (const file of registry.files) {
    if (file.proto.package === packageName) {
      for (const message of file.messages) {
        checks.set(message.typeName, compileMessage(message, extension, checks));
      }
    }
  }
  return checks;
}

function compileMessage(desc: DescMessage, extension: DescExtension, checks: ReadonlyMap<string, Check>): Check {
  const fields = desc.fields.map((field) => ({ key: field.jsonName, check: compileField(field, extension, checks) }));
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null) {
      problems.push({ path, message: 'must be an object' });
      return;
    }
    for (const { key, check } of fields) {
      check((value as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`, problems);
    }
  };
}

function compileField(field: DescField, extension: DescExtension, checks: ReadonlyMap<string, Check>): Check {
  const rules = readFieldRules(field, extension);
  const tests = compileTests(field, rules);
  const required = rules.some((rule) => rule.kind === 'message' && rule.name === 'required' && rule.parameter === true);
  const optional = field.presence === FeatureSet_FieldPresence.EXPLICIT;
  const one = compileValue(field, checks);
  return (value, path, problems) => {
    if (value === undefined || value === null) {
      if (required || !optional) {
        problems.push({ path, message: 'is required' });
      }
      return;
    }
    const before = problems.length;
    one(value, path, problems);
    if (problems.length > before && field.fieldKind !== 'list') {
      return;
    }
    for (const test of tests) {
      const message = test(value);
      if (message !== null) {
        problems.push({ path, message });
      }
    }
  };
}

function compileTests(field: DescField, rules: readonly FieldRule[]): Test[] {
  return rules.flatMap((given) => {
    const { kind, name, parameter } = given;
    if ((kind === 'message' && name === 'required') || (kind === 'enum' && name === 'defined_only')) {
      return kind === 'enum' ? [definedOnly(field.enum)] : [];
    }
    const table = ruleTables[kind];
    const rule = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
    if (rule === undefined) {
      throw ruleNotUnderstood(field, given);
    }
    return [rule(parameter)];
  });
}

function definedOnly(desc: DescEnum | undefined): Test {
  const numbers = new Set(desc?.values.map((value) => value.number));
  return (value) => (numbers.has(Number(value)) ? null : 'is not a known value');
}

/** Checks the type itself: numbers are finite, integers whole and in range, whatever the rules say. */
function compileValue(field: DescField, checks: ReadonlyMap<string, Check>): Check {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarCheck(field.scalar);
    case 'enum':
      return scalarCheck(ScalarType.INT32);
    case 'message':
      return messageCheck(field.message, checks);
    case 'list':
      return listCheck(elementCheck(field, checks));
    case 'map':
      return mapCheck(elementCheck(field, checks));
  }
}

function elementCheck(field: DescField & { fieldKind: 'list' | 'map' }, checks: ReadonlyMap<string, Check>): Check {
  if (field.message !== undefined) {
    return messageCheck(field.message, checks);
  }
  return scalarCheck(field.scalar ?? ScalarType.INT32);
}

function messageCheck(desc: DescMessage, checks: ReadonlyMap<string, Check>): Check {
  return (value, path, problems) => checks.get(desc.typeName)?.(value, path, problems);
}

function listCheck(element: Check): Check {
  return (value, path, problems) => {
    if (!Array.isArray(value)) {
      problems.push({ path, message: 'must be a list' });
      return;
    }
    for (const [index, item] of value.entries()) {
      element(item, `${path}[${index}]`, problems);
    }
  };
}

function mapCheck(element: Check): Check {
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null) {
      problems.push({ path, message: 'must be a map' });
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      element(item, `${path}.${key}`, problems);
    }
  };
}

function scalarCheck(type: ScalarType): Check {
  const range = INTEGER_RANGES[type];
  return (value, path, problems) => {
    const message = range === undefined ? plainMistake(type, value) : integerMistake(range, value);
    if (message !== null) {
      problems.push({ path, message });
    }
  };
}

function integerMistake([min, max]: readonly [number, number], value: unknown): string | null {
  const whole = Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  return whole ? null : `must be a whole number from ${min} to ${max}`;
}

function plainMistake(type: ScalarType, value: unknown): string | null {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return Number.isFinite(value) ? null : 'must be a finite number';
    case ScalarType.STRING:
      return typeof value === 'string' ? null : 'must be a string';
    case ScalarType.BOOL:
      return typeof value === 'boolean' ? null : 'must be true or false';
    default:
      throw new Error(`fields of scalar type ${type} are not understood`);
  }
}

const seconds = (duration: unknown): string => `${ruleMilliseconds(duration) / 1000} s`;
const quoted = (text: string): string => `"${text}"`;
