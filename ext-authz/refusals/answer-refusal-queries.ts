import type { RefusalRecord, TokenCause } from '../../core/refusals/refusal-record.ts';
import type { Logger } from '../../platform/logger.ts';
import type { NatsConnection } from '../../platform/nats-connection.ts';
import { answerRequests } from '../../platform/nats-requests.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { refusalsSubject } from '../../platform/refusals-subject.ts';
import * as messages from '../../proto/gen/capmesh/v1/refusal.ts';
import { REFUSALS_KEPT, type RefusalRing } from './refusal-ring.ts';

/** Tells the control plane of remembered refusals, over its own subject of this node. */
export function answerRefusalQueries(
  connection: NatsConnection,
  mesh: string,
  node: string,
  refusals: Pick<RefusalRing, 'byId' | 'newest'>,
  logger: Pick<Logger, 'warn'>,
): void {
  const answer = (request: Uint8Array): Uint8Array => {
    const { id, workload, service, reason } = messages.RefusalQuery.decode(request);
    const recalled = id === '' ? refusals.newest(workload, service, reason) : refusals.byId(id);
    const record = recalled.kind === 'known' ? recordMessage(recalled.id, { ...recalled.record, node }) : undefined;
    const forgotten = recalled.kind === 'forgotten';
    return messages.RefusalAnswer.encode({ record, forgotten, keptMax: REFUSALS_KEPT }).finish();
  };
  answerRequests(connection, refusalsSubject(mesh, node), answer, logger);
}

const recordMessage = (id: string, record: RefusalRecord): messages.RefusalRecord => ({
  ...record,
  id,
  at: secondsAndNanos(record.atMs),
  token: record.token && tokenMessage(record.token),
  bucket: record.bucket,
  load: record.load,
  shed: record.shed,
  estimate: record.estimate,
  emptyAxis: record.emptyAxis ?? '',
});

const tokenMessage = ({ notBeforeMs, expiresAtMs, ...token }: TokenCause): messages.TokenCause => ({
  ...token,
  notBefore: secondsAndNanos(notBeforeMs),
  expiresAt: secondsAndNanos(expiresAtMs),
});
