import type { NatsConnection } from '../../platform/nats-connection.ts';
import { ask, type Reply } from '../../platform/nats-requests.ts';
import { type OperationMethod, operationsSubject } from '../../platform/operation-subjects.ts';

/** What came of a request to a sidecar. */
export type NodeReply = Reply;

/** Passes an encoded request on to the sidecar of a node. Never rejects for what a sidecar does or does not do. */
export type AskNode = (
  node: string,
  method: OperationMethod,
  request: Uint8Array,
  timeoutMs: number,
) => Promise<NodeReply>;

/** Asks over NATS. */
export const askOver =
  (connection: NatsConnection, mesh: string): AskNode =>
  (node, method, request, timeoutMs) =>
    ask(connection, `${operationsSubject(mesh, node)}.${method}`, request, timeoutMs);
