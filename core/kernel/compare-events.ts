import { GATES } from '../gates/gate-state.ts';
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

/**
 * Compares what was decided: workload, service, kind, gate statuses and the
 * action, in order. Ids, times and texts are not decisions. `null` = all equal.
 */
export function firstDifference(
  expected: readonly CapacityEventRecord[],
  actual: readonly CapacityEventRecord[],
): EventDifference | null {
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const wanted = decisionOf(expected[i]);
    const got = decisionOf(actual[i]);
    const fields = [...new Set([...Object.keys(wanted ?? {}), ...Object.keys(got ?? {})])].filter(
      (name) => wanted?.[name] !== got?.[name],
    );
    if (fields.length === 0) continue;
    return { position: i + 1, expected: wanted, actual: got, fields: wanted === null || got === null ? [] : fields };
  }
  return null;
}

const NOT_DECIDED: ReadonlySet<string> = new Set(['id', 'startedAtMs', 'expiresAtMs']);

/** One level deep, so that fields compare by value. */
function decisionOf(event: CapacityEventRecord | undefined): Readonly<Record<string, unknown>> | null {
  if (event === undefined) return null;
  const { workloadId, service, kind, gates, action } = event;
  return {
    workload: workloadId,
    service,
    kind,
    ...Object.fromEntries(GATES.map((gate) => [`gates.${gate}`, gates[gate].status])),
    ...Object.fromEntries(
      Object.entries(action ?? {})
        .filter(([name]) => !NOT_DECIDED.has(name))
        .map(([name, value]) => [`action.${name}`, isPrimitive(value) ? value : JSON.stringify(value)]),
    ),
  };
}

const isPrimitive = (value: unknown): boolean => typeof value !== 'object' || value === null;
