import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FIT_CASE, type GateCase, GLUING_CASE, ISOLATION_CASE, UV_CASE } from '../support/arbitrary-gates.ts';

type Path = readonly (string | number)[];

const UNUSABLE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1];
/** Logarithms: any finite number is one. */
const LOGARITHMS = new Set(['meanLog', 'expectedMeanLog']);
/** Long series, of which a gate bears a twentieth of unusable numbers (MATHS §B8). */
const SERIES = 'ticks';
const SPOILT_SHARE = 0.3;

/** Where the numbers of an input are; those of a series stand for all of its items. */
function numberPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value === 'number') return [path];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const kept = path.at(-1) === SERIES ? entries.slice(0, 1) : entries;
  return kept.flatMap(([key, inner]) => numberPaths(inner, [...path, key]));
}

/** The same input with one number replaced, in a series that of its first items. */
function spoil(value: unknown, [key, ...rest]: Path, bad: number, isSeries = false): unknown {
  if (key === undefined) return bad;
  if (Array.isArray(value)) {
    const upTo = isSeries ? SPOILT_SHARE * value.length : 1;
    const from = isSeries ? 0 : Number(key);
    return value.map((item, i) => (i >= from && i < from + upTo ? spoil(item, rest, bad) : item));
  }
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [key]: spoil(fields[key], rest, bad, key === SERIES) };
}

const isFine = (path: Path, bad: number): boolean => bad === -1 && LOGARITHMS.has(String(path.at(-1)));

function neverPasses<T>(name: string, { healthy, judge }: GateCase<T>, fieldsMin: number): void {
  describe(name, () => {
    it('passes while every number is one', () => {
      fc.assert(
        fc.property(healthy, (input) => {
          assert.equal(judge(input).status, 'PASS');
        }),
      );
    });

    it('never passes with a number that is none, whichever it is', () => {
      fc.assert(
        fc.property(healthy, (input) => {
          const paths = numberPaths(input);
          assert.ok(paths.length >= fieldsMin, `${paths.length} numbers`);
          for (const path of paths) {
            for (const bad of UNUSABLE.filter((value) => !isFine(path, value))) {
              const { status } = judge(spoil(input, path, bad) as T);
              assert.ok(status === 'UNKNOWN' || status === 'FAIL', `${path.join('.')} = ${bad}: ${status}`);
            }
          }
        }),
        { numRuns: 25 },
      );
    });
  });
}

describe('gates and numbers that are none (MATHS §B8, §B9)', () => {
  neverPasses('fit', FIT_CASE, 19);
  neverPasses('gluing', GLUING_CASE, 19);
  neverPasses('UV', UV_CASE, 12);
  neverPasses('isolation', ISOLATION_CASE, 20);
});
