import type { NatsConnection } from '../../platform/nats-connection.ts';
import { askAll } from '../../platform/nats-requests.ts';
import { refusalsSubject } from '../../platform/refusals-subject.ts';
import { RefusalAnswer, RefusalQuery } from '../../proto/gen/capmesh/v1/refusal.ts';

/** Sidecars that do not answer within this time are not waited for. */
const ANSWER_MS = 1000;

/** Asks the sidecars of nodes, all at once, about refusals that they remember. */
export const askSidecars =
  (connection: NatsConnection, mesh: string, nodes: () => readonly string[]) =>
  async (query: RefusalQuery): Promise<RefusalAnswer[]> => {
    const subjects = nodes().map((node) => refusalsSubject(mesh, node));
    const answers = await askAll(connection, subjects, RefusalQuery.encode(query).finish(), ANSWER_MS);
    return answers.map((answer) => RefusalAnswer.decode(answer));
  };
