import type { NatsConnection } from '../../platform/nats-connection.ts';
import type { PublishFrame } from './reporter.ts';

export interface FramePublisher {
  readonly publish: PublishFrame;
  /** Sends over this connection from now on. */
  readonly follow: (connection: NatsConnection) => void;
}

/**
 * Publishes frames on one subject while the connection stands. The client would
 * queue without bound while it does not, so that then nothing is handed to it.
 */
export function publisherOn(subject: string): FramePublisher {
  let connection: NatsConnection | null = null;
  let connected = false;
  return {
    publish: (part) => {
      if (connection === null || !connected) return false;
      connection.publish(subject, part);
      return true;
    },
    follow: (next) => {
      connection = next;
      connected = true;
      watchStatus(next, (stands) => {
        connected = stands;
      }).catch(() => {
        connected = false;
      });
    },
  };
}

async function watchStatus(connection: NatsConnection, changed: (stands: boolean) => void): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect' || type === 'staleConnection' || type === 'close') changed(false);
    if (type === 'reconnect') changed(true);
  }
}
