import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Logger } from '../../platform/logger.ts';
import type { OperationsServer } from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { OperationDoor } from './operation-door.ts';
import { OPERATION_ERROR, OperationError } from './operation-error.ts';

const INTERNAL = 13;

/** The door as a gRPC service. */
export function operationsService(door: OperationDoor, logger: Logger): OperationsServer {
  const unary =
    <Request, Response>(work: (request: Request) => Response): handleUnaryCall<Request, Response> =>
    (call, callback) => {
      let response: Response;
      try {
        response = work(call.request);
      } catch (error) {
        callback(statusOf(error, logger));
        return;
      }
      callback(null, response);
    };
  return {
    checkOperation: unary((request) => door.check(request)),
    settleOperation: unary((request) => door.settle(request)),
  };
}

/** The gRPC status code and message of a failure; our own faults are logged and not explained. */
export function statusOf(error: unknown, logger: Logger): { readonly code: number; readonly details: string } {
  if (error instanceof OperationError) return { code: OPERATION_ERROR[error.code], details: error.message };
  logger.error({ err: error }, 'a request about an operation failed');
  return { code: INTERNAL, details: 'the sidecar failed; its log says more' };
}
