import type { Logger } from './logger.ts';
import type { NatsConnection } from './nats-connection.ts';

/**
 * Answers every request on a subject, for as long as the connection lives or the
 * way back is called. A request that `answer` throws on is logged and gets none.
 */
export function answerRequests(
  connection: NatsConnection,
  subject: string,
  answer: (request: Uint8Array) => Uint8Array,
  logger: Pick<Logger, 'warn'>,
): () => void {
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      try {
        if (error !== null) throw error;
        message.respond(answer(message.data));
      } catch (failure) {
        logger.warn({ err: failure, subject }, 'a request gets no answer');
      }
    },
  });
  return () => subscription.unsubscribe();
}

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
  const answers = await Promise.allSettled(
    subjects.map(async (subject) => (await connection.request(subject, request, { timeout: timeoutMs })).data),
  );
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}
