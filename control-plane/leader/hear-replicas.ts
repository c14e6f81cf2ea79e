import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../../platform/logger.ts';

/** Calls `take` with all that is told on a subject, in order; what it throws on is logged. Returns the way to end that. */
export function hearReplicas(
  connection: NatsConnection,
  subject: string,
  take: (data: Uint8Array) => void | Promise<void>,
  logger: Pick<Logger, 'warn'>,
): () => void {
  const subscription = connection.subscribe(subject);
  const hear = async (): Promise<void> => {
    for await (const { data } of subscription) {
      try {
        await take(data);
      } catch (error) {
        logger.warn({ err: error, subject }, 'what another replica tells cannot be read');
      }
    }
  };
  hear().catch((error: unknown) => logger.warn({ err: error, subject }, 'other replicas are not heard'));
  return () => subscription.unsubscribe();
}
