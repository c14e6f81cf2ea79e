import type { LoadEstimate } from '../admission/load-limit.ts';
import type { RefusalReason } from '../admission/refusal-reason.ts';
import { throwProblems } from '../problem.ts';
import type { RunningOperation } from './running-operation.ts';

export interface OperationRequest {
  readonly token: string;
  readonly operationType: string;
  /** Nothing where it is left out. */
  readonly estimatedLoad?: Partial<LoadEstimate> | undefined;
}

export type OperationResult =
  | { readonly allowed: true; readonly operation: RunningOperation }
  | {
      readonly allowed: false;
      readonly reason: RefusalReason;
      /** When asking again makes sense; `null` = time alone changes nothing, or nobody knows when. */
      readonly retryAfterMs: number | null;
    };

/** A load with its defaults. Throws a RangeError that names everything that is wrong with it. */
export function checkLoad(path: string, { cpu = 0, memoryMb = 0 }: Partial<LoadEstimate>): LoadEstimate {
  throwProblems(
    Object.entries({ cpu, memoryMb }).flatMap(([field, value]) =>
      value >= 0 && value < Number.POSITIVE_INFINITY
        ? []
        : [{ path: `${path}.${field}`, message: `must be a finite number ≥ 0 (got ${value})` }],
    ),
  );
  return { cpu, memoryMb };
}
