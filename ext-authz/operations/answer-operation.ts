import type { Logger } from '../../platform/logger.ts';
import type { Unanswered } from '../../platform/nats-requests.ts';
import type { OperationMethod } from '../../platform/operation-subjects.ts';
import {
  CheckOperationRequest,
  CheckOperationResponse,
  SettleOperationRequest,
  SettleOperationResponse,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { OperationDoor } from './operation-door.ts';
import { OperationError } from './operation-error.ts';
import { statusOf } from './operations-service.ts';

/** The encoded answer to an encoded request, or gRPC status code and message of what has none. */
export function answerOperation(
  door: OperationDoor,
  method: OperationMethod,
  request: Uint8Array,
  logger: Logger,
): Uint8Array | Unanswered {
  try {
    return method === 'check'
      ? CheckOperationResponse.encode(door.check(decode(CheckOperationRequest, request))).finish()
      : SettleOperationResponse.encode(door.settle(decode(SettleOperationRequest, request))).finish();
  } catch (error) {
    return statusOf(error, logger);
  }
}

function decode<T>(type: { decode(data: Uint8Array): T }, data: Uint8Array): T {
  try {
    return type.decode(data);
  } catch {
    throw new OperationError('invalid', 'the request cannot be read');
  }
}
