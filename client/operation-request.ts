import { millisecondsOf } from '../platform/protobuf-time.ts';
import type {
  CheckOperationRequest,
  CheckOperationResponse,
  SettleOperationRequest,
} from '../proto/gen/capmesh/v1/operation_service.ts';

/** What an operation is thought to need, or needed. */
export interface LoadEstimate {
  /** CPU-ms. */
  readonly cpu: number;
  /** MiB held while the operation runs. */
  readonly memoryMb: number;
}

export interface OperationRequest {
  readonly token: string;
  /** What the workload calls it. */
  readonly operationType: string;
  /** Nothing where it is left out. */
  readonly estimatedLoad?: Partial<LoadEstimate> | undefined;
  /**
   * The service that the operation loads; left out: the service of that name as
   * the type, else the only one that the workload has a budget for.
   */
  readonly service?: string | undefined;
  /** 0 … 9; may only lower the priority of the token. */
  readonly priority?: number | undefined;
  /** 2 and more = tried again. */
  readonly attempt?: number | undefined;
}

export type OperationResult =
  | { readonly allowed: true; readonly operation: AllowedOperation }
  | {
      readonly allowed: false;
      /** As in `x-capacity-denied`: budget-exhausted, load-exhausted, shed-priority, … */
      readonly reason: string;
      readonly message: string;
      /** `<workload>/<service>`. */
      readonly edge: string;
      /** Names this one refusal in logs and questions. */
      readonly refusalId: string;
      /** When asking again makes sense; `null` = time alone changes nothing, or nobody knows when. */
      readonly retryAfterMs: number | null;
      /** Whole operations that the tightest bucket has left; `null` = no bucket refused. */
      readonly remaining: number | null;
    };

/** How an operation ended. */
export interface OperationOutcome {
  /** What it needed; left out = as estimated. */
  readonly actualLoad?: LoadEstimate | undefined;
}

/** An operation that was allowed and has to be settled. Does not show its token when it is printed. */
export class AllowedOperation {
  readonly id: string;
  readonly operationType: string;
  readonly #token: string;

  constructor(id: string, { token, operationType }: OperationRequest) {
    this.id = id;
    this.operationType = operationType;
    this.#token = token;
  }

  /** The message that settles it. */
  settlement({ actualLoad }: OperationOutcome): SettleOperationRequest {
    return { token: this.#token, operationId: this.id, actualLoad: loadMessage(actualLoad) };
  }
}

/** The question as a message. */
export const checkMessage = (request: OperationRequest): CheckOperationRequest => ({
  token: request.token,
  operationType: request.operationType,
  estimatedLoad: loadMessage(request.estimatedLoad),
  service: request.service ?? '',
  priority: request.priority,
  attempt: request.attempt ?? 0,
});

/** What the mesh answered. */
export function operationResult(request: OperationRequest, answer: CheckOperationResponse): OperationResult {
  if (answer.allowed) return { allowed: true, operation: new AllowedOperation(answer.operationId, request) };
  const { reason, message, edge, refusalId, retryAfter, remaining } = answer;
  return {
    allowed: false,
    reason,
    message,
    edge,
    refusalId,
    retryAfterMs: retryAfter ? millisecondsOf(retryAfter) : null,
    remaining: remaining ?? null,
  };
}

const loadMessage = (load: Partial<LoadEstimate> | undefined): CheckOperationRequest['estimatedLoad'] =>
  load && { cpu: load.cpu ?? 0, memoryMb: load.memoryMb ?? 0 };
