/** What JSON can say. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

/** A class whose objects keep their memory private: they tell it themselves and are made from it again. */
export interface PlainClass {
  readonly name: string;
  fromPlain(plain: Plain): object;
}

/** What such an object offers. */
export interface ToPlain {
  toPlain(): Plain;
}

/** A text that is not what `toPlain` writes. */
export class PlainValueError extends Error {
  override readonly name = 'PlainValueError';
}

const MAP = '$map';
const SET = '$set';
const NUMBER = '$number';
const CLASS = '$class';

/**
 * A value as JSON can hold it, without loss: maps, sets, numbers that JSON lacks
 * and objects of the given classes are marked by a name that starts with `$`; such
 * a name of the value's own is written with one `$` more.
 * Throws on an object of any other class.
 */
export function toPlain(value: unknown, classes: readonly PlainClass[] = []): Plain {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : { [NUMBER]: `${value}` };
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((item) => toPlain(item, classes));
  if (value instanceof Map) {
    return { [MAP]: [...value].map(([key, item]) => [toPlain(key, classes), toPlain(item, classes)]) };
  }
  if (value instanceof Set) return { [SET]: [...value].map((item) => toPlain(item, classes)) };
  if (isRecord(value)) {
    const told = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(told.map(([name, item]) => [name.replace(/^\$/, '$$$$'), toPlain(item, classes)]));
  }
  const maker: unknown = Object.getPrototypeOf(value)?.constructor;
  const own = classes.find((known) => known === maker);
  if (own === undefined) throw new TypeError(`${String(maker)} cannot be written as JSON`);
  return { [CLASS]: own.name, of: (value as ToPlain).toPlain() };
}

/** The value that `toPlain` was given. Throws `PlainValueError`. */
export function fromPlain(plain: Plain, classes: readonly PlainClass[] = []): unknown {
  if (plain === null || typeof plain !== 'object') return plain;
  if (isArray(plain)) return plain.map((item) => fromPlain(item, classes));
  const [first] = Object.keys(plain);
  if (first === MAP) return new Map(pairsOf(plain[MAP], classes));
  if (first === SET) return new Set(arrayOf(plain[SET]).map((item) => fromPlain(item, classes)));
  if (first === NUMBER) return Number(plain[NUMBER]);
  if (first === CLASS) {
    const known = classes.find(({ name }) => name === plain[CLASS]);
    if (known === undefined) throw new PlainValueError(`class ${String(plain[CLASS])} is not known`);
    return known.fromPlain(plain.of ?? null);
  }
  return Object.fromEntries(
    Object.entries(plain).map(([name, item]) => [name.replace(/^\$\$/, '$$'), fromPlain(item, classes)]),
  );
}

const isArray = (plain: Plain | undefined): plain is readonly Plain[] => Array.isArray(plain);

/** A plain object, not one of a class. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function pairsOf(plain: Plain | undefined, classes: readonly PlainClass[]): [unknown, unknown][] {
  return arrayOf(plain).map((pair) => {
    const [key = null, item = null] = arrayOf(pair);
    return [fromPlain(key, classes), fromPlain(item, classes)];
  });
}

function arrayOf(plain: Plain | undefined): readonly Plain[] {
  if (!isArray(plain)) throw new PlainValueError('a list is missing');
  return plain;
}

/** Numbers of a list, for the `fromPlain` of classes. Throws `PlainValueError`. */
export function numbersOf(plain: Plain | undefined): number[] {
  return arrayOf(plain).map((item) => {
    if (typeof item !== 'number') throw new PlainValueError('a number is missing');
    return item;
  });
}

/** A list, for the `fromPlain` of classes. Throws `PlainValueError`. */
export const listOf = arrayOf;

/** The fields of an object, for the `fromPlain` of classes. Throws `PlainValueError`. */
export function fieldsOf(plain: Plain | undefined): Readonly<Record<string, Plain>> {
  if (!isRecord(plain)) throw new PlainValueError('an object is missing');
  return plain as Readonly<Record<string, Plain>>;
}

/** A text, for the `fromPlain` of classes. Throws `PlainValueError`. */
export function textOf(plain: Plain | undefined): string {
  if (typeof plain !== 'string') throw new PlainValueError('a text is missing');
  return plain;
}

/** A number, for the `fromPlain` of classes. Throws `PlainValueError`. */
export function numberOf(plain: Plain | undefined): number {
  if (typeof plain !== 'number') throw new PlainValueError('a number is missing');
  return plain;
}
