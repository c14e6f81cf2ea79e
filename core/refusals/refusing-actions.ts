import type { ActionKind } from '../stability/stability-action.ts';

/** Which kinds of action refuse calls, by the reason that callers see. */
export const REFUSING_ACTIONS: Readonly<Record<string, readonly ActionKind[]>> = {
  'breaker-open': ['limit-concurrency', 'probe', 'throttle'],
  'shed-priority': ['shed-priority', 'shed-retries'],
  'workload-fenced': ['fence'],
  'budget-exhausted': ['cut-burst', 'reallocate', 'probe', 'throttle'],
};
