import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  fieldsOf,
  fromPlain,
  listOf,
  numberOf,
  numbersOf,
  type Plain,
  PlainValueError,
  textOf,
  toPlain,
} from '../../../../core/substrate/plain-value.ts';

/** Tells itself as a text. */
class Secret {
  readonly #word: string;

  constructor(word: string) {
    this.#word = word;
  }

  get word(): string {
    return this.#word;
  }

  toPlain(): Plain {
    return this.#word;
  }

  static fromPlain(plain: Plain): Secret {
    return new Secret(textOf(plain));
  }
}

const throughJson = (value: unknown): unknown =>
  fromPlain(JSON.parse(JSON.stringify(toPlain(value, [Secret]))) as Plain, [Secret]);

describe('plain values', () => {
  it('bring back any value through JSON: maps, sets, numbers that JSON lacks, names with a dollar', () => {
    const leaf = fc
      .oneof(fc.double(), fc.boolean(), fc.string(), fc.constant(null))
      .filter((one) => !Object.is(one, -0));
    const name = fc
      .oneof(fc.string(), fc.constantFrom('$map', '$set', '$number', '$class', '$$map'))
      .filter((one) => one !== '__proto__');
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
        fc.array(fc.tuple(leaf, tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
        fc.array(leaf, { maxLength: 4 }).map((items) => new Set(items)),
      ),
    }));
    fc.assert(
      fc.property(value, (told) => {
        assert.deepEqual(throughJson(told), told);
      }),
    );
  });

  it('bring back objects of the classes that are given, and refuse all others', () => {
    const back = throughJson({ hidden: new Secret('word') }) as { readonly hidden: Secret };
    assert.ok(back.hidden instanceof Secret);
    assert.equal(back.hidden.word, 'word');
    assert.throws(() => toPlain(new Secret('word')), TypeError);
    assert.throws(() => fromPlain({ $class: 'Secret', of: 'word' }), PlainValueError);
    assert.throws(() => fromPlain({ $class: 'Secret' }, [Secret]), PlainValueError);
  });

  it('bring back the numbers that JSON lacks', () => {
    const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    assert.deepEqual(throughJson(numbers), numbers);
  });

  it('leave out what is undefined', () => {
    assert.deepEqual(toPlain({ a: 1, b: undefined }), { a: 1 });
    assert.equal(toPlain(undefined), null);
  });

  it('say what is missing where something of another kind is', () => {
    assert.throws(() => textOf(7), /a text is missing/);
    assert.throws(() => numberOf('7'), /a number is missing/);
    assert.throws(() => numbersOf([7, '7']), /a number is missing/);
    assert.throws(() => listOf({}), /a list is missing/);
    assert.throws(() => fieldsOf([]), /an object is missing/);
    assert.throws(() => fromPlain({ $map: 7 }), /a list is missing/);
  });
});
