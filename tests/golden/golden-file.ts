import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One file of reference vectors; other keys of a case are ignored. */
export interface GoldenFile {
  readonly name: string;
  readonly schema: string;
  /** What its cases compute where they name no operation of their own. */
  readonly family: string;
  /** Inputs that all of its cases share. */
  readonly shared: Readonly<Record<string, unknown>>;
  readonly tolerance: Tolerance;
  readonly cases: readonly GoldenCase[];
  /** Of a file that is a plain table of numbers instead: its figures by name. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface Tolerance {
  readonly rel: number;
  readonly abs: number;
}

export interface GoldenCase {
  readonly id: string;
  readonly op: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: unknown;
}

/** Every JSON file below a folder, by name; a file without `cases` comes back with none. */
export function readGoldenFolder(folder: string): GoldenFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json') && statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => parse(relative(folder, join(folder, name)), readFileSync(join(folder, name), 'utf8')));
}

function parse(name: string, text: string): GoldenFile {
  const raw = record(decode(JSON.parse(text)));
  const tolerance = record(raw.tolerance);
  return {
    name,
    schema: typeof raw.schema === 'string' ? raw.schema : '',
    family: typeof raw.family === 'string' ? raw.family : '',
    shared: raw,
    tolerance: { rel: numberOr(tolerance.rel, 1e-9), abs: numberOr(tolerance.abs, 1e-10) },
    figures: 'cases' in raw ? {} : numbersOf(raw),
    cases: (Array.isArray(raw.cases) ? raw.cases : []).map((entry, index) => {
      const one = record(entry);
      return {
        id: typeof one.id === 'string' ? one.id : `#${index}`,
        op: typeof one.op === 'string' ? one.op : '',
        input: record(one.input),
        output: one.output,
      };
    }),
  };
}

function numbersOf(raw: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** Non-finite numbers travel as strings. */
function decode(value: unknown): unknown {
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decode(inner)]));
  }
  return value;
}

/** 2.0 as Python writes it, which JSON reads as 2. */
const WHOLE_REAL = /(\d)\.0(?!\d)/g;

/** Paths at which `got` is not what the file wants: |got − want| ≤ abs + rel·|want|, everything else equal. */
export function differences(got: unknown, want: unknown, tolerance: Tolerance, path = 'output'): string[] {
  if (typeof want === 'number') return sameNumber(got, want, tolerance) ? [] : [`${path}: ${got}, not ${want}`];
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return [`${path}: not ${want.length} items`];
    return want.flatMap((item, index) => differences(got[index], item, tolerance, `${path}[${index}]`));
  }
  if (typeof want === 'object' && want !== null) {
    const fields = record(got);
    return Object.entries(want).flatMap(([key, item]) => differences(fields[key], item, tolerance, `${path}.${key}`));
  }
  if (typeof want === 'string' && got === want.replaceAll(WHOLE_REAL, '$1')) return [];
  return got === want ? [] : [`${path}: ${String(got)}, not ${String(want)}`];
}

function sameNumber(got: unknown, want: number, { rel, abs }: Tolerance): boolean {
  if (typeof got !== 'number') return false;
  if (!Number.isFinite(want)) return Object.is(got, want);
  return Math.abs(got - want) <= abs + rel * Math.abs(want);
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

export const numbers = (value: unknown): number[] =>
  Array.isArray(value) ? value.map((item) => numberOr(item, Number.NaN)) : [];
