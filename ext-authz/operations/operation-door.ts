import type { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import type { LoadEstimate } from '../../core/admission/load-limit.ts';
import { readTicket, writeTicket } from '../../core/admission/load-ticket.ts';
import { startOperation } from '../../core/admission/open-operations.ts';
import { refusalMessage } from '../../core/admission/refusal-message.ts';
import { problemTexts } from '../../core/problem.ts';
import type { Clock } from '../../platform/clock.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import type {
  CheckOperationRequest,
  CheckOperationResponse,
  LoadEstimate as LoadMessage,
  SettleOperationRequest,
  SettleOperationResponse,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { CallJudge, Verdict } from '../check/call-judge.ts';
import type { RefusalBody } from '../check/check-response.ts';
import { OperationError } from './operation-error.ts';

export interface OperationDoorOptions {
  readonly judge: CallJudge;
  readonly node: string;
  /** This run of the sidecar: operations are known to it alone. */
  readonly instance: string;
  readonly ledger: EdgeLedger;
  readonly clock: Clock;
  readonly isReady: () => boolean;
}

/**
 * Checks and settles operations that pass no Envoy (`capmesh.v1.Operations`),
 * without sockets: the decision, the buckets and the counters are those of calls.
 * Both methods answer at once, or throw an `OperationError`.
 */
export class OperationDoor {
  readonly #options: OperationDoorOptions;

  constructor(options: OperationDoorOptions) {
    this.#options = options;
  }

  check(request: CheckOperationRequest): CheckOperationResponse {
    refuseInvalid('capmesh.v1.CheckOperationRequest', request);
    const { judge, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const { token, priority = -1, attempt, estimatedLoad } = request;
    const service = this.#serviceOf(request);
    const estimate = estimatedLoad && loadOf(estimatedLoad);
    const query = { token, service, priority, retry: attempt > 1, estimate, isOperation: true };
    try {
      return this.#answer(judge.judge(query, nowMs), nowMs);
    } catch (error) {
      return this.#answer(judge.fail(error), nowMs);
    }
  }

  settle(request: SettleOperationRequest): SettleOperationResponse {
    refuseInvalid('capmesh.v1.SettleOperationRequest', request);
    const { ledger, node, instance, clock } = this.#options;
    const { operationId, actualLoad } = request;
    const workload = this.#settlerOf(request.token);
    const ticket = readTicket(operationId);
    if (ticket !== null && ticket.workload !== workload) {
      throw new OperationError('forbidden', `operationId: the operation is not one of ${workload}`);
    }
    if (ticket?.instance !== instance || ticket.node !== node) {
      ledger.operationEnds.unknown += 1;
      return { settled: false };
    }
    const needed = actualLoad === undefined ? null : loadOf(actualLoad);
    return { settled: ledger.settleOperation(workload, ticket.service, ticket.id, needed, clock.monotonicMs()) };
  }

  /**
   * The service that an operation loads: as it says, else the one that its type
   * names, else the only one that its workload may call. A token that does not
   * hold chooses none: it is refused for its own reason.
   */
  #serviceOf({ token: text, service, operationType }: CheckOperationRequest): string {
    const { judge, ledger } = this.#options;
    if (service !== '') return service;
    if (ledger.hasService(operationType)) return operationType;
    const token = judge.readToken(text);
    const services = 'reason' in token ? [] : ledger.servicesOf(token.claims.sub);
    if (services.length <= 1) return services[0] ?? '';
    throw new OperationError('invalid', `service: must be one of ${services.join(', ')}: operationType names none`);
  }

  /** The workload of a token that holds, or has only run out: what it began it may end. */
  #settlerOf(text: string): string {
    const { judge, isReady } = this.#options;
    if (!isReady()) throw new OperationError('unavailable', refusalMessage('mesh-degraded'));
    const token = judge.readToken(text, true);
    if (!('reason' in token)) return token.claims.sub;
    throw new OperationError('unauthenticated', `token: ${token.reason}: ${refusalMessage(token.reason)}`);
  }

  #answer(verdict: Verdict, nowMs: number): CheckOperationResponse {
    const { judge, ledger, node, instance } = this.#options;
    const { edge, reason, reservation } = verdict;
    const { workload, service, timeoutMs } = edge;
    if (reason !== null) return refused(judge.refusalBody(verdict, reason));
    const { id } = startOperation(ledger.operationsOf(edge), reservation, timeoutMs, nowMs);
    return {
      ...ALLOWED,
      operationId: writeTicket({ node, instance, workload, service, id }),
      edge: `${workload}/${service}`,
    };
  }
}

const ALLOWED: CheckOperationResponse = {
  allowed: true,
  operationId: '',
  reason: '',
  message: '',
  edge: '',
  refusalId: '',
  retryAfter: undefined,
  remaining: undefined,
};

const refused = ({ reason, message, edge, id, retryAfterMs, remaining }: RefusalBody): CheckOperationResponse => ({
  allowed: false,
  operationId: '',
  reason,
  message,
  edge,
  refusalId: id,
  retryAfter: retryAfterMs === undefined ? undefined : secondsAndNanos(retryAfterMs),
  remaining,
});

/** Throws with everything that breaks the rules of a message, one a line. */
function refuseInvalid(typeName: string, request: object): void {
  const problems = validateMessage(typeName, request);
  if (problems.length === 0) return;
  throw new OperationError('invalid', problemTexts(problems).join('\n'));
}

const loadOf = ({ cpu, memoryMb }: LoadMessage): LoadEstimate => ({ cpu, memoryMb });
