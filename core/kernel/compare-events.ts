import type { CapacityEventRecord } from './kernel-io.ts';

/** The first event that is not the one expected. */
export interface EventDifference {
  /** Counted from 1. */
  readonly position: number;
  /** `null` = there are no more. */
  readonly expected: Readonly<Record<string, unknown>> | null;
  readonly actual: Readonly<Record<string, unknown>> | null;
  /** Names of the fields that differ, dots between the levels; empty where one of the two is missing. */
  readonly fields: readonly string[];
}

/** Compares events in order, field by field: a replay repeats every number, name and time. `null` = all equal. */
export function firstDifference(
  expected: readonly CapacityEventRecord[],
  actual: readonly CapacityEventRecord[],
): EventDifference | null {
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const wanted = fieldsOf(expected[i]);
    const got = fieldsOf(actual[i]);
    const fields = [...new Set([...Object.keys(wanted ?? {}), ...Object.keys(got ?? {})])].filter(
      (name) => wanted?.[name] !== got?.[name],
    );
    if (fields.length === 0) continue;
    return { position: i + 1, expected: wanted, actual: got, fields: wanted === null || got === null ? [] : fields };
  }
  return null;
}

const fieldsOf = (event: CapacityEventRecord | undefined): Readonly<Record<string, unknown>> | null =>
  event === undefined ? null : Object.fromEntries(leavesOf('', event));

/** Every leaf of a value with its path, as JSON has it: an empty object is none, a number that is not finite is null. */
function leavesOf(path: string, value: unknown): [string, unknown][] {
  if (typeof value === 'number' && !Number.isFinite(value)) return [[path, null]];
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(path === '' ? name : `${path}.${name}`, part));
}
