import type {
  CheckOperationRequest,
  CheckOperationResponse,
  SettleOperationRequest,
  SettleOperationResponse,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { OperationRelay, Relayed } from '../operations/operation-relay.ts';
import { ApiError, type ApiErrorCode } from './api-error.ts';
import { refuseInvalid } from './refuse-request.ts';

/** Checks of operations that pass no Envoy; the credential is the capacity token in the request. */
export class OperationHandlers {
  readonly #relay: OperationRelay;

  constructor(relay: OperationRelay) {
    this.#relay = relay;
  }

  async checkOperation(request: CheckOperationRequest): Promise<CheckOperationResponse> {
    refuseInvalid('capmesh.v1.CheckOperationRequest', request);
    return answerOf(await this.#relay.check(request));
  }

  async settleOperation(request: SettleOperationRequest): Promise<SettleOperationResponse> {
    refuseInvalid('capmesh.v1.SettleOperationRequest', request);
    return answerOf(await this.#relay.settle(request));
  }
}

/** A sidecar's words by gRPC status code; any other is a fault of its own. */
const CODES: ReadonlyMap<number, ApiErrorCode> = new Map([
  [3, 'invalid'],
  [7, 'forbidden'],
  [14, 'unavailable'],
  [16, 'unauthenticated'],
]);

function answerOf<T>(relayed: Relayed<T>): T {
  if (relayed.kind === 'answer') return relayed.value;
  if (relayed.kind !== 'refusal') throw new ApiError(relayed.kind, relayed.message);
  const code = CODES.get(relayed.code) ?? 'unavailable';
  throw new ApiError(code, relayed.message, code === 'unavailable' ? [] : [problemOf(relayed.message)]);
}

/** A message of a sidecar begins with the path of the field that is wrong. */
function problemOf(text: string): { readonly path: string; readonly message: string } {
  const [, path = '', message = text] = /^([A-Za-z.]+): (.*)$/s.exec(text) ?? [];
  return { path, message };
}
