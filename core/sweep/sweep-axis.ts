import { AXES, type Axis } from '../capacity/capacity-vector.ts';
import type { Problem } from '../problem.ts';

/** What a sweep varies: a component of the swept budgets, or `load`, a factor on every offered rate. */
export type SweepAxisName = Axis | 'load';
/** All that can be swept. */
export const SWEEP_AXES: readonly SweepAxisName[] = [...AXES, 'load'];

/** One axis of a sweep and the values that it takes, in the order given. */
export interface SweepAxis {
  readonly name: SweepAxisName;
  readonly values: readonly number[];
}

/** Values of one axis at most. */
export const AXIS_VALUES_MAX = 200;
const LOAD_MAX = 100;
/** Steps are taken in decimals: 0.1 · 3 is 0.3. */
const DECIMALS = 9;

/** Reads `int=0.1:1:0.1` (from, to, step) or `int=0.1,0.25,1`; mistakes are added to `problems`. */
export function parseAxis(text: string, problems: Problem[]): SweepAxis | null {
  const path = `--axis ${text}`;
  const found = /^([^=]*)=(.*)$/.exec(text);
  const name = SWEEP_AXES.find((known) => known === found?.[1]);
  const values = readValues(found?.[2] ?? '');
  if (name === undefined) {
    problems.push({ path, message: `must begin with one of ${SWEEP_AXES.join(', ')} and "="` });
  }
  if (typeof values === 'string') problems.push({ path, message: values });
  if (name === undefined || typeof values === 'string') return null;
  const message = wrongValues(name, values);
  if (message !== null) problems.push({ path, message });
  return message === null ? { name, values } : null;
}

/** The values, or what is wrong with them. */
function readValues(text: string): number[] | string {
  const parts = text
    .split(text.includes(':') ? ':' : ',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!parts.every(Number.isFinite)) return 'needs numbers: from:to:step, or values with commas between them';
  if (!text.includes(':')) return parts;
  const [from = 0, to = 0, step = 0] = parts;
  if (parts.length !== 3) return 'needs from:to:step';
  if (!(step > 0)) return `the step must be > 0 (got ${step})`;
  if (to < from) return `must end at or after its start (got ${from}:${to})`;
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > AXIS_VALUES_MAX) return tooMany(count);
  return Array.from({ length: count }, (_, i) => Number((from + i * step).toFixed(DECIMALS)));
}

function wrongValues(name: SweepAxisName, values: readonly number[]): string | null {
  const [low, high] = name === 'load' ? [0, LOAD_MAX] : [0, 1];
  const outside = values.find((value) => !(value >= low && value <= high));
  if (outside !== undefined) return `must stay in ${low} … ${high} (got ${outside})`;
  if (new Set(values).size < values.length) return 'must not name a value twice';
  return values.length > AXIS_VALUES_MAX ? tooMany(values.length) : null;
}

const tooMany = (count: number): string => `must have at most ${AXIS_VALUES_MAX} values (got ${count})`;
