import type { Problem } from '../problem.ts';
import { parseAxis, type SweepAxis, type SweepAxisName } from './sweep-axis.ts';

/** How the values of the axes are put together: each with each, or the first with the first and so on. */
export type SweepMode = 'grid' | 'paired';

export interface SweepPoint {
  /** Its place in the sweep, from 0. */
  readonly index: number;
  readonly values: Readonly<Partial<Record<SweepAxisName, number>>>;
}

/** Points of one sweep at most. */
export const POINTS_MAX = 10_000;

/** Reads all axes of a sweep; mistakes are added to `problems`, and what is wrong with their combination too. */
export function parseAxes(texts: readonly string[], mode: SweepMode, problems: Problem[]): SweepAxis[] {
  if (texts.length === 0) problems.push({ path: '--axis', message: 'give at least one, for example int=0.1:1:0.1' });
  const axes = texts.flatMap((text) => parseAxis(text, problems) ?? []);
  for (const [i, { name }] of axes.entries()) {
    if (axes.findIndex((axis) => axis.name === name) < i) {
      problems.push({ path: `--axis ${name}`, message: 'is given twice' });
    }
  }
  if (axes.length < texts.length || axes.length === 0) return axes;
  const lengths = axes.map(({ values }) => values.length);
  const count = lengths.reduce((product, length) => product * length, 1);
  if (mode === 'paired' && new Set(lengths).size > 1) {
    problems.push({
      path: '--paired',
      message: `needs axes with the same number of values (got ${lengths.join(', ')})`,
    });
  }
  if (mode === 'grid' && count > POINTS_MAX) {
    problems.push({ path: '--axis', message: `together at most ${POINTS_MAX} points (got ${count})` });
  }
  return axes;
}

/** All points of a sweep; in a grid the first axis changes quickest. */
export function sweepPoints(axes: readonly SweepAxis[], mode: SweepMode): SweepPoint[] {
  const count =
    mode === 'paired'
      ? Math.min(...axes.map(({ values }) => values.length))
      : axes.reduce((product, { values }) => product * values.length, 1);
  return Array.from({ length: count }, (_, index) => {
    let rest = index;
    const values: [SweepAxisName, number][] = axes.map((axis) => {
      const at = mode === 'paired' ? index : rest % axis.values.length;
      rest = Math.floor(rest / axis.values.length);
      return [axis.name, axis.values[at] ?? 0];
    });
    return { index, values: Object.fromEntries(values) };
  });
}
