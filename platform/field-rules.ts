import { type DescExtension, type DescField, type FileRegistry, getOption, type Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';

/** One `validate.rules` entry of a field, for example `{kind: 'string', name: 'max_len', parameter: 63n}`. */
export interface FieldRule {
  readonly kind: string;
  readonly name: string;
  readonly parameter: unknown;
}

/** The option that rules are written with. Throws where the descriptor set lacks it. */
export function rulesExtension(registry: FileRegistry): DescExtension {
  const extension = registry.getExtension('validate.rules');
  if (extension === undefined) {
    throw new Error('the descriptor set has no validate.rules');
  }
  return extension;
}

/** The rules of one field, in the order of their numbers. */
export function readFieldRules(field: DescField, extension: DescExtension): FieldRule[] {
  const option = getOption(field, extension) as Message | undefined;
  if (option === undefined || extension.message === undefined) {
    return [];
  }
  const fieldRules = reflect(extension.message, option);
  return extension.message.fields
    .filter((kind) => fieldRules.isSet(kind))
    .flatMap((kind) => {
      const rules = fieldRules.get(kind) as ReflectMessage;
      return rules.fields
        .filter((rule) => rules.isSet(rule))
        .map((rule) => ({ kind: kind.name, name: rule.name, parameter: rules.get(rule) }));
    });
}

/** The error of a rule that nobody enforces: it is enforced or the program does not start. */
export const ruleNotUnderstood = (field: DescField, { kind, name }: FieldRule): Error =>
  new Error(`${field.parent.typeName}.${field.name}: the rule ${kind}.${name} is not understood`);

/** Milliseconds of the `google.protobuf.Duration` that a rule compares with. */
export function ruleMilliseconds(parameter: unknown): number {
  const parts = ('message' in Object(parameter) ? (parameter as ReflectMessage).message : parameter) as {
    seconds?: number | bigint;
    nanos?: number;
  };
  return Number(parts.seconds ?? 0) * 1000 + (parts.nanos ?? 0) / 1e6;
}
