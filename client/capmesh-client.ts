import type { ChannelCredentials } from '@grpc/grpc-js';
import { DEFAULT_PORTS } from '../platform/ports.ts';
import { CapacityService } from '../proto/gen/capmesh/v1/capacity_service.ts';
import { OperationsService } from '../proto/gen/capmesh/v1/operation_service.ts';
import {
  type CapacityRequest,
  type CapacityResponse,
  capacityResponse,
  type RenewRequest,
  renewMessage,
  requestMessage,
} from './capacity-request.ts';
import { type CallKind, ControlPlaneChannel } from './control-plane-channel.ts';
import { HeldCapacity } from './held/held-capacity.ts';
import type { HoldOptions } from './held/hold-options.ts';
import {
  type AllowedOperation,
  checkMessage,
  type OperationOutcome,
  type OperationRequest,
  type OperationResult,
  operationResult,
} from './operation-request.ts';
import { readSecret, type SecretSource } from './secret-source.ts';
import { systemTiming, type Timing } from './timing.ts';

export interface CapmeshClientOptions {
  /** `host:port` of the control plane's gRPC door; default: CAPMESH_SERVER, else 127.0.0.1:18001. */
  readonly address?: string | undefined;
  /** The workload's enrolment secret: its file, or a function that gives it. Operations do not need it. */
  readonly secret: SecretSource;
  /** How to connect; in clear text if left out, which is for loopback and meshes that encrypt by themselves. */
  readonly channelCredentials?: ChannelCredentials | undefined;
  /** Longest time for one call, tries included; default 5000. */
  readonly deadlineMs?: number | undefined;
  readonly timing?: Timing | undefined;
}

const DEADLINE_MS = 5000;

/**
 * Asks a control plane for capacity, and sidecars through it whether operations
 * may run. Refusals are values; whatever keeps an answer away is a `CapmeshError`.
 */
export class CapmeshClient {
  readonly address: string;
  readonly #secret: SecretSource;
  readonly #channel: ControlPlaneChannel;
  readonly #timing: Timing;
  readonly #held = new Set<HeldCapacity>();

  constructor({ address, secret, channelCredentials, deadlineMs, timing = systemTiming }: CapmeshClientOptions) {
    this.address = address ?? process.env.CAPMESH_SERVER ?? `127.0.0.1:${DEFAULT_PORTS.grpc}`;
    this.#secret = secret;
    this.#timing = timing;
    this.#channel = new ControlPlaneChannel({
      address: this.address,
      channelCredentials,
      deadlineMs: deadlineMs ?? DEADLINE_MS,
      timing,
    });
  }

  /**
   * Asks for capacity: a token, or the gates that fail and the axes on which the
   * account is exhausted. Made once: an answer that is lost leaves a grant behind
   * until it ends.
   */
  async requestCapacity(request: CapacityRequest): Promise<CapacityResponse> {
    const message = requestMessage(request);
    return capacityResponse(await this.#channel.call(CapacityService.requestCapacity, message, await this.#proof()));
  }

  /** A new grant in the place of a live one, whose token is refused from then on. Refused, the old one stays. */
  async renew(request: RenewRequest): Promise<CapacityResponse> {
    const message = renewMessage(request);
    return capacityResponse(await this.#channel.call(CapacityService.renewCapacity, message, await this.#proof()));
  }

  /** Gives a grant back before it ends. False where it had ended before. */
  async release({ workloadId, grantId }: Pick<RenewRequest, 'workloadId' | 'grantId'>): Promise<boolean> {
    const proof = { ...(await this.#proof()), repeatable: true };
    const { released } = await this.#channel.call(CapacityService.releaseCapacity, { workloadId, grantId }, proof);
    return released;
  }

  /** Whether an operation may run now, or why not; what is allowed holds its estimate until `settleOperation`. */
  async checkOperation(request: OperationRequest): Promise<OperationResult> {
    return operationResult(request, await this.#channel.call(OperationsService.checkOperation, checkMessage(request)));
  }

  /** Tells that an operation is over, and what it needed. False where it had ended before, or was counted as timed out. */
  async settleOperation(operation: AllowedOperation, outcome: OperationOutcome = {}): Promise<boolean> {
    const message = operation.settlement(outcome);
    const { settled } = await this.#channel.call(OperationsService.settleOperation, message, { repeatable: true });
    return settled;
  }

  /**
   * Asks for capacity and keeps it: for services that call others all day. Throws
   * a RangeError for a vector that is none.
   */
  holdCapacity(request: CapacityRequest, options: HoldOptions = {}): HeldCapacity {
    requestMessage(request);
    const held = new HeldCapacity(this, request, this.#timing, options);
    this.#held.add(held);
    held.once('closed', () => this.#held.delete(held));
    return held;
  }

  /** Gives back what is held, then ends the connection; other calls under way fail. */
  async close(): Promise<void> {
    await Promise.all([...this.#held].map((held) => held.close()));
    this.#channel.close();
  }

  async #proof(): Promise<CallKind> {
    return { secret: await readSecret(this.#secret, this.address) };
  }
}
