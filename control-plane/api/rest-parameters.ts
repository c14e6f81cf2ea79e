import { type DescField, ScalarType } from '@bufbuild/protobuf';
import { messageDescriptor } from '../../platform/message-registry.ts';
import { fieldSchema, type JsonSchema } from '../../platform/message-schema.ts';
import { validateMessage } from '../../platform/validate-message.ts';

export type ParameterValue = string | number | boolean;

/** One parameter in path, query or headers. */
export interface RestParameter {
  readonly schema: JsonSchema;
  /** When the caller leaves it out. */
  readonly absent: ParameterValue;
  /** Throws `ParameterMistake`. */
  readonly read: (text: string) => ParameterValue;
}

export type RestParameters = Readonly<Record<string, RestParameter>>;

/** What is wrong with the text of one parameter. */
export class ParameterMistake extends Error {
  override readonly name = 'ParameterMistake';
}

/** Parameters that are fields of a message, under the same names and the same rules. */
export const fieldParameters = (typeName: string, ...names: readonly string[]): RestParameters =>
  Object.fromEntries(names.map((name) => [name, fieldParameter(typeName, name)]));

/** One field of a message as a parameter. Throws where the message has no such field. */
export function fieldParameter(typeName: string, name: string): RestParameter {
  const field = messageDescriptor(typeName).fields.find(({ jsonName }) => jsonName === name);
  if (field === undefined) throw new Error(`${typeName} has no field ${name}`);
  const { absent, parse } = textForms(field);
  const read = (text: string): ParameterValue => {
    const value = parse(text);
    const problem = validateMessage(typeName, { [name]: value }).find(({ path }) => path === name);
    if (problem !== undefined) throw new ParameterMistake(problem.message);
    return value;
  };
  const schema = fieldSchema(field, 'request');
  return { schema: field.scalar === ScalarType.BOOL ? flagSchema(schema) : schema, absent, read };
}

/** Besides true and false: a name alone, and what other programs write for them. */
const flagSchema = ({ type, ...rest }: JsonSchema): JsonSchema => ({
  ...rest,
  anyOf: [{ type }, { enum: ['', 0, 1] }],
});

interface TextForm {
  readonly absent: ParameterValue;
  readonly parse: (text: string) => ParameterValue;
}

function textForms(field: DescField): TextForm {
  switch (field.scalar) {
    case ScalarType.STRING:
      return { absent: '', parse: (text) => text };
    case ScalarType.BOOL:
      return { absent: false, parse: parseFlag };
    case ScalarType.UINT32:
    case ScalarType.UINT64:
      return { absent: 0, parse: parseWhole };
    default:
      throw new Error(`${field.parent.typeName}.${field.name} cannot be a parameter`);
  }
}

/** `?name`, `?name=true` and `?name=1` mean yes. */
function parseFlag(text: string): boolean {
  if (text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw new ParameterMistake('must be true or false');
}

function parseWhole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new ParameterMistake('must be a whole number');
  return Number(text);
}

/** `If-Match`: one revision in quotes, as in `ETag`; `*` and none mean whatever is stored. */
export const IF_MATCH: RestParameters = {
  'if-match': {
    schema: {
      type: 'string',
      pattern: '^("[0-9]{1,15}"|\\*)$',
      description: 'The revision that the edit is based on, as in ETag; * = whatever is stored.',
    },
    absent: 0,
    read: (text) => {
      const match = /^(?:"(\d{1,15})"|\*)$/.exec(text);
      if (match === null) throw new ParameterMistake('must be one revision in quotes, as in ETag');
      return Number(match[1] ?? 0);
    },
  },
};
