import { readTicket } from '../../core/admission/load-ticket.ts';
import { NAME_PATTERN } from '../../core/mesh/names.ts';
import type { Clock } from '../../platform/clock.ts';
import type { OperationMethod } from '../../platform/operation-subjects.ts';
import {
  CheckOperationRequest,
  CheckOperationResponse,
  SettleOperationRequest,
  SettleOperationResponse,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { AskNode, NodeReply } from './ask-node.ts';

export interface OperationRelayOptions {
  readonly ask: AskNode;
  /** Nodes whose sidecars live and hold a lease. */
  readonly nodes: () => readonly string[];
  /** Whether NATS can be reached. */
  readonly isReachable: () => boolean;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** What becomes of a request: a sidecar's answer, its refusal to answer, or why it never came to one. */
export type Relayed<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | Extract<NodeReply, { kind: 'refusal' }>
  | { readonly kind: 'unavailable' | 'busy'; readonly message: string };

/** From a request to its answer. */
const TIMEOUT_MS = 1000;
/** Requests that wait for sidecars at once. */
export const PENDING_MAX = 1000;
const NODE_NAME = new RegExp(NAME_PATTERN);

/**
 * Passes requests about operations on to sidecars: checks to one node after the
 * other, an end to the node that allowed the operation, which its id names. Tokens
 * are judged there, and nothing is decided here.
 */
export class OperationRelay {
  readonly #options: OperationRelayOptions;
  #pending = 0;
  #turn = 0;

  constructor(options: OperationRelayOptions) {
    this.#options = options;
  }

  async check(request: CheckOperationRequest): Promise<Relayed<CheckOperationResponse>> {
    const data = CheckOperationRequest.encode(request).finish();
    return decoded(await this.#pass('check', data, this.#inTurn(), NOBODY), CheckOperationResponse);
  }

  async settle(request: SettleOperationRequest): Promise<Relayed<SettleOperationResponse>> {
    const data = SettleOperationRequest.encode(request).finish();
    const node = readTicket(request.operationId)?.node ?? '';
    // Whoever names no operation is told so by any sidecar, after it has looked at the token.
    const reply = NODE_NAME.test(node)
      ? await this.#pass('settle', data, [node], goneWith(node))
      : await this.#pass('settle', data, this.#inTurn(), NOBODY);
    return decoded(reply, SettleOperationResponse);
  }

  /** The nodes, beginning with another one each time. */
  #inTurn(): readonly string[] {
    const nodes = this.#options.nodes();
    if (nodes.length === 0) return nodes;
    this.#turn = (this.#turn + 1) % nodes.length;
    return [...nodes.slice(this.#turn), ...nodes.slice(0, this.#turn)];
  }

  async #pass(
    method: OperationMethod,
    data: Uint8Array,
    nodes: readonly string[],
    absence: string,
  ): Promise<Relayed<Uint8Array>> {
    // NATS would keep requests without bound while it cannot be reached.
    if (!this.#options.isReachable()) return unavailable('the sidecars cannot be reached');
    if (this.#pending >= PENDING_MAX) return { kind: 'busy', message: `${PENDING_MAX} requests wait for sidecars` };
    this.#pending += 1;
    try {
      return (await this.#firstPresent(method, data, nodes)) ?? unavailable(absence);
    } finally {
      this.#pending -= 1;
    }
  }

  /** Asks the next node only where the one before certainly did nothing; `null` = none of them is there. */
  async #firstPresent(
    method: OperationMethod,
    data: Uint8Array,
    nodes: readonly string[],
  ): Promise<Relayed<Uint8Array> | null> {
    const { ask, clock } = this.#options;
    const untilMs = clock.monotonicMs() + TIMEOUT_MS;
    for (const node of nodes) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs < 1) break;
      const reply = await ask(node, method, data, leftMs);
      if (reply.kind === 'silent') {
        return unavailable(`the sidecar of ${node} did not answer within ${TIMEOUT_MS} ms; what it did is not known`);
      }
      if (reply.kind === 'answer') return { kind: 'answer', value: reply.data };
      if (reply.kind === 'refusal') return reply;
    }
    return null;
  }
}

const NOBODY = 'no sidecar of the mesh is there';

const goneWith = (node: string): string =>
  `the sidecar of ${node}, which allowed the operation, is not there; it frees the operation at its time-out`;

const unavailable = (message: string): Extract<Relayed<never>, { kind: 'unavailable' | 'busy' }> => ({
  kind: 'unavailable',
  message,
});

const decoded = <T>(reply: Relayed<Uint8Array>, type: { decode(data: Uint8Array): T }): Relayed<T> =>
  reply.kind === 'answer' ? { kind: 'answer', value: type.decode(reply.value) } : reply;
