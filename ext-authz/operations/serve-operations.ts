import type { Logger } from '../../platform/logger.ts';
import type { NatsConnection } from '../../platform/nats-connection.ts';
import { answerRequests } from '../../platform/nats-requests.ts';
import { OPERATION_METHODS, operationsSubject } from '../../platform/operation-subjects.ts';
import { answerOperation } from './answer-operation.ts';
import type { OperationDoor } from './operation-door.ts';

export interface ServeOperationsOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  readonly node: string;
  readonly door: OperationDoor;
  readonly logger: Logger;
}

/** Answers what control planes pass on, for as long as the connection is open. */
export function serveOperations({ connection, mesh, node, door, logger }: ServeOperationsOptions): void {
  for (const method of OPERATION_METHODS) {
    const answer = (request: Uint8Array) => answerOperation(door, method, request, logger);
    answerRequests(connection, `${operationsSubject(mesh, node)}.${method}`, answer, logger);
  }
}
