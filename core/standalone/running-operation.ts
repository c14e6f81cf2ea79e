import type { LoadEstimate } from '../admission/load-limit.ts';
import type { OpenOperation } from '../admission/open-operations.ts';

/** An operation that was allowed and is not over. */
export interface RunningOperation extends OpenOperation {
  readonly workloadId: string;
  readonly service: string;
  readonly operationType: string;
}

/** How an operation ended. */
export interface OperationOutcome {
  readonly failed?: boolean | undefined;
  /** What it needed; left out = as estimated. */
  readonly actualLoad?: LoadEstimate | undefined;
}
