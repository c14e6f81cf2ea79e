import { headers, type MsgHdrs, type NatsConnection, nuid } from '@nats-io/transport-node';
import { WRONG_LAST_SEQUENCE } from './compare-and-set.ts';

export interface BatchMessage {
  readonly subject: string;
  readonly payload: string | Uint8Array;
  /** Sequence that the newest message of this subject must have; 0 = there must be none, absent = any. */
  readonly expectedRevision?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export type BatchOutcome =
  /** `revision` is the stream sequence of the last message. */
  | { readonly kind: 'stored'; readonly revision: number }
  /** Somebody else wrote since; nothing of the batch is stored. */
  | { readonly kind: 'stale' }
  /** The stream has stored a message of one of these ids lately; nothing of the batch is stored. */
  | { readonly kind: 'known' }
  /** The server takes no batch of this size (`limits.batch.max_msgs` in nats.conf); nothing is stored. */
  | { readonly kind: 'too-large' };

const BATCH_TOO_LARGE = 10199;
const MESSAGE_ID_KNOWN = 10201;
/** Grows with the batch: a thousand messages take about 0.4 s. */
const commitTimeoutMs = (size: number): number => 5000 + 2 * size;

interface BatchAnswer {
  readonly seq?: number;
  readonly count?: number;
  /** Of a single message: its id is known. */
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/**
 * Stores messages of one stream all or nothing (a JetStream atomic batch; the
 * stream needs `allow_atomic`). Compares the revision of every subject and, if
 * given, the last sequence of the whole stream. Throws when the server refuses
 * for another reason or does not answer; the batch may then be stored or not.
 */
export async function publishBatch(
  connection: NatsConnection,
  messages: readonly BatchMessage[],
  expectedStreamSequence?: number,
): Promise<BatchOutcome> {
  const batchId = nuid.next();
  for (const [index, message] of messages.entries()) {
    const head = headersOf(message);
    head.set('Nats-Batch-Id', batchId);
    head.set('Nats-Batch-Sequence', String(index + 1));
    if (index === 0 && expectedStreamSequence !== undefined) {
      head.set('Nats-Expected-Last-Sequence', String(expectedStreamSequence));
    }
    if (index < messages.length - 1) {
      connection.publish(message.subject, message.payload, { headers: head });
      continue;
    }
    head.set('Nats-Batch-Commit', '1');
    const reply = await connection.request(message.subject, message.payload, {
      headers: head,
      timeout: commitTimeoutMs(messages.length),
    });
    return readAnswer(reply.json<BatchAnswer>(), messages.length);
  }
  throw new Error('a batch holds at least one message');
}

/** Stores one message without a batch, which costs the server a tenth of that. Throws as `publishBatch` does. */
export async function publishOne(connection: NatsConnection, message: BatchMessage): Promise<BatchOutcome> {
  const request = { headers: headersOf(message), timeout: commitTimeoutMs(1) };
  const answer = (await connection.request(message.subject, message.payload, request)).json<BatchAnswer>();
  return answer.duplicate === true ? { kind: 'known' } : readAnswer({ count: 1, ...answer }, 1);
}

function headersOf(message: BatchMessage): MsgHdrs {
  const head = headers();
  for (const [name, value] of Object.entries(message.headers ?? {})) head.set(name, value);
  if (message.expectedRevision !== undefined) {
    head.set('Nats-Expected-Last-Subject-Sequence', String(message.expectedRevision));
  }
  return head;
}

function readAnswer(answer: BatchAnswer, size: number): BatchOutcome {
  if (answer.error?.err_code === WRONG_LAST_SEQUENCE) {
    return { kind: 'stale' };
  }
  if (answer.error?.err_code === MESSAGE_ID_KNOWN) {
    return { kind: 'known' };
  }
  if (answer.error?.err_code === BATCH_TOO_LARGE) {
    return { kind: 'too-large' };
  }
  if (answer.error !== undefined || answer.seq === undefined || answer.count !== size) {
    throw new Error(`the store refused a batch of ${size}: ${answer.error?.description ?? JSON.stringify(answer)}`);
  }
  return { kind: 'stored', revision: answer.seq };
}
