import { errors, headers } from '@nats-io/transport-node';
import type { Logger } from './logger.ts';
import type { NatsConnection } from './nats-connection.ts';

/** gRPC status code of a reply that is no answer; its content is the message. */
const ERROR_CODE_HEADER = 'Capmesh-Error-Code';

/** Why a request has no answer; a gRPC status code. */
export interface Unanswered {
  readonly code: number;
  readonly details: string;
}

/** What came of a request. */
export type Reply =
  | { readonly kind: 'answer'; readonly data: Uint8Array }
  /** It is not answered, and why; a gRPC status code. */
  | { readonly kind: 'refusal'; readonly code: number; readonly message: string }
  /** Nobody answers on that subject: nothing was done. */
  | { readonly kind: 'absent' }
  /** No reply in time: whether it was done is not known. */
  | { readonly kind: 'silent' };

/**
 * Answers every request on a subject, for as long as the connection lives or the
 * way back is called. A request that `answer` throws on is logged and gets none.
 */
export function answerRequests(
  connection: NatsConnection,
  subject: string,
  answer: (request: Uint8Array) => Uint8Array | Unanswered,
  logger: Pick<Logger, 'warn'>,
): () => void {
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      try {
        if (error !== null) throw error;
        const reply = answer(message.data);
        if (reply instanceof Uint8Array) {
          message.respond(reply);
          return;
        }
        const told = headers();
        told.set(ERROR_CODE_HEADER, String(reply.code));
        message.respond(reply.details, { headers: told });
      } catch (failure) {
        logger.warn({ err: failure, subject }, 'a request gets no answer');
      }
    },
  });
  return () => subscription.unsubscribe();
}

/** Asks on one subject. Never rejects for what is or is not done there. */
export async function ask(
  connection: NatsConnection,
  subject: string,
  request: Uint8Array,
  timeoutMs: number,
): Promise<Reply> {
  try {
    const reply = await connection.request(subject, request, { timeout: timeoutMs });
    const code = reply.headers?.get(ERROR_CODE_HEADER) ?? '';
    return code === ''
      ? { kind: 'answer', data: reply.data }
      : { kind: 'refusal', code: Number(code), message: reply.string() };
  } catch (error) {
    if (isAbsence(error)) return { kind: 'absent' };
    if (error instanceof errors.TimeoutError) return { kind: 'silent' };
    throw error;
  }
}

const isAbsence = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders());

/**
 * Asks on several subjects at once; the answers that came within `timeoutMs`, in
 * the order of the subjects. Nobody there, no answer in time, no connection: then
 * there is none of it.
 */
export async function askAll(
  connection: NatsConnection,
  subjects: readonly string[],
  request: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array[]> {
  const replies = await Promise.allSettled(subjects.map((subject) => ask(connection, subject, request, timeoutMs)));
  return replies.flatMap((reply) =>
    reply.status === 'fulfilled' && reply.value.kind === 'answer' ? [reply.value.data] : [],
  );
}
