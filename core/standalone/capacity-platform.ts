import { admissionRecord } from '../admission/admission-record.ts';
import type { GrantRefusal } from '../admission/admit-grant.ts';
import type { RefusalReason } from '../admission/refusal-reason.ts';
import { shareOf } from '../admission/token-cache.ts';
import { CapacityAllocator, type CapacityAssignment, localWorkload } from '../allocators/capacity-allocator.ts';
import { UNLIMITED } from '../capacity/capacity-vector.ts';
import { CapacityKernel } from '../kernel/capacity-kernel.ts';
import type { CapacityEventRecord, Moment } from '../kernel/kernel-io.ts';
import { edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import { throwProblems } from '../problem.ts';
import { type CapacityRequest, type CapacityResponse, checkCapacityRequest } from './capacity-request.ts';
import { LocalNode } from './local-node.ts';
import { checkLoad, type OperationRequest, type OperationResult } from './operation-request.ts';
import type { OperationOutcome, RunningOperation } from './running-operation.ts';
import { type TokenKey, TokenService } from './token-service.ts';

export interface CapacityPlatformOptions {
  readonly config: MeshConfig;
  readonly key: TokenKey;
  /** Unique and not guessable; at most 64 printable characters. */
  readonly newGrantId: () => string;
  /** Which service an operation of a type uses; a type that is not named is itself the name of a service. */
  readonly operations?: Readonly<Record<string, string>> | undefined;
  readonly startedAt: Moment;
}

/**
 * The whole of Capmesh inside one process, without a network: tokens, gates and
 * allocation in memory. It has no clock: whoever holds it tells the time, and
 * ticks it about once a second. Its configuration stands as long as it does.
 */
export class CapacityPlatform {
  /** To be looked at; `tick` ticks it. */
  readonly kernel: CapacityKernel;
  readonly #config: MeshConfig;
  readonly #tokens: TokenService;
  readonly #node: LocalNode;
  readonly #allocator = new CapacityAllocator();
  readonly #newGrantId: () => string;
  readonly #operations: ReadonlyMap<string, string>;
  #now: Moment;

  /** Throws a RangeError for an operation of a service that is not declared. */
  constructor({ config, key, newGrantId, operations = {}, startedAt }: CapacityPlatformOptions) {
    checkOperations(operations, config);
    this.#config = config;
    this.#tokens = new TokenService({ config, key, newGrantId });
    this.#newGrantId = newGrantId;
    this.#node = new LocalNode(config, startedAt);
    this.#operations = new Map(Object.entries(operations));
    this.#now = startedAt;
    this.kernel = new CapacityKernel({ config, source: () => [this.#node.frame(this.#now)] });
    this.tick(startedAt);
  }

  /**
   * Asks for capacity: a token, or the gates that fail and the axes on which the
   * account is exhausted. Throws a RangeError that names every field that is wrong.
   */
  requestCapacity(request: CapacityRequest, { nowMs, wallMs }: Moment): CapacityResponse {
    const { workloadId, capacityVector, durationMs } = checkCapacityRequest(request, this.#config);
    const asked = { workload: workloadId, vector: capacityVector, durationMs };
    const answer = this.#tokens.request(asked, this.kernel.admissionScene(), wallMs);
    const record = admissionRecord(workloadId, capacityVector, answer, this.#newGrantId);
    if (record !== null) this.kernel.tell({ kind: 'admission', admission: record, nowMs });
    if (!answer.admitted) return refusalOf(answer);
    this.#tellGrants({ nowMs, wallMs });
    const { grant, token, conditional } = answer;
    const { jti, expiresAtMs } = grant;
    return { admitted: true, capacityToken: token, grantId: jti, expiresAtMs, conditional };
  }

  /**
   * Whether an operation may run now, or why not; what is allowed is charged until
   * `settleOperation`. Throws a RangeError for an estimate that is none.
   */
  checkOperation(request: OperationRequest, { nowMs, wallMs }: Moment): OperationResult {
    const estimate = checkLoad('estimatedLoad', request.estimatedLoad ?? {});
    const token = this.#tokens.read(request.token, wallMs);
    if (!token.ok) return refused(token.reason);
    const { sub, cap, prio } = token.value.claims;
    const { operationType } = request;
    const edge = this.#node.find(sub, this.#operations.get(operationType) ?? operationType);
    if (edge === undefined || cap.int === 0 || cap.ptr === 0) return refused('edge-not-entitled');
    const share = shareOf(token.value, edge, nowMs);
    return this.#node.check(edge, share, { operationType, estimate, class: { prio, retry: false } }, nowMs);
  }

  /**
   * Tells that an operation is over: its load is free again and gates see how it
   * went. False where it had ended before, or was counted as timed out. Throws a
   * RangeError for a load that is none.
   */
  settleOperation(operation: RunningOperation, outcome: OperationOutcome, { nowMs }: Moment): boolean {
    const { failed, actualLoad } = outcome;
    const needed = actualLoad && checkLoad('actualLoad', actualLoad);
    return this.#node.settle(operation, { failed, actualLoad: needed }, nowMs);
  }

  /** Measures, judges and stabilises; what was decided holds at once. Answers what is to be told. */
  tick(now: Moment): CapacityEventRecord[] {
    this.#now = now;
    this.#tellGrants(now);
    const effects = this.kernel.tick(now);
    this.#node.follow(effects, now.nowMs);
    return effects.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
  }

  /** What a workload's budget at a service amounts to on every axis. */
  allocate(workloadId: string, service: string): CapacityAssignment {
    const workload = localWorkload(this.#config, workloadId, service);
    const budget = this.#config.budgets.get(edgeKey(workloadId, service));
    return this.#allocator.allocate(budget?.vector ?? UNLIMITED, workload);
  }

  #tellGrants({ nowMs, wallMs }: Moment): void {
    this.#node.follow(this.kernel.tell({ kind: 'grants', live: this.#tokens.live(wallMs) }), nowMs);
  }
}

/** Every type of operation has to use a service that there is. */
function checkOperations(operations: Readonly<Record<string, string>>, { services }: MeshConfig): void {
  const unknown = Object.entries(operations).filter(([, service]) => !services.has(service));
  throwProblems(
    unknown.map(([type, service]) => ({
      path: `operations.${type}`,
      message: `service "${service}" is not declared`,
    })),
  );
}

/** Without what it was decided on. */
const refusalOf = ({ gatesFailed, bindingAxes, available, message, retryAfterMs }: GrantRefusal): GrantRefusal => ({
  admitted: false,
  gatesFailed,
  bindingAxes,
  available,
  message,
  retryAfterMs,
});

const refused = (reason: RefusalReason): OperationResult => ({ allowed: false, reason, retryAfterMs: null });
