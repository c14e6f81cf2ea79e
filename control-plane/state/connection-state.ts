import type { NatsConnection } from '@nats-io/transport-node';

/** Whether a connection stands now; follows its status until it is closed. */
export function followConnection(connection: NatsConnection): () => boolean {
  let isUp = true;
  const follow = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') isUp = false;
      if (type === 'reconnect') isUp = true;
    }
    isUp = false;
  };
  follow().catch(() => {
    isUp = false;
  });
  return () => isUp;
}
