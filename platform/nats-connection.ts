import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection, type NodeConnectionOptions, nkeyAuthenticator } from '@nats-io/transport-node';
import type { Logger } from './logger.ts';

export type { NatsConnection };

export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`, at least one. */
  readonly servers: readonly string[];
  /** File (0600) that holds the nkey seed of our user. */
  readonly nkeySeedFile: string;
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string } | undefined;
  /** The user: `control-plane` or the node. Replies come back under `_INBOX.<name>`, which nobody else may hear. */
  readonly name: string;
  readonly logger: Logger;
  /** Ends the attempts to connect for the first time. */
  readonly signal?: AbortSignal | undefined;
}

const RETRY_MS = 500;
const CONNECT_TIMEOUT_MS = 3000;
const PING_INTERVAL_MS = 5000;

/**
 * Connects and stays connected: the first connection is tried until it stands or
 * `signal` aborts (then it throws), a lost one is restored for ever. A wrong
 * credential is retried too, since the server may learn of it later. Throws at
 * once where the seed file cannot be read.
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const { logger, signal } = options;
  const connectOptions = await connectOptionsOf(options);
  for (;;) {
    signal?.throwIfAborted();
    try {
      const connection = await connect(connectOptions);
      logger.info({ server: connection.getServer() }, 'connected to NATS');
      logStatus(connection, logger).catch((error: unknown) =>
        logger.error({ err: error }, 'NATS status stream failed'),
      );
      return connection;
    } catch (error) {
      logger.warn({ err: error, servers: options.servers }, 'NATS cannot be reached, trying again');
      await delay(RETRY_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

async function connectOptionsOf({ servers, nkeySeedFile, tls, name }: NatsOptions): Promise<NodeConnectionOptions> {
  const seed = (await readFile(nkeySeedFile, 'utf8')).trim();
  return {
    servers: [...servers],
    name,
    inboxPrefix: `_INBOX.${name}`,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    ...(tls === undefined ? {} : { tls }),
    timeout: CONNECT_TIMEOUT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    ignoreAuthErrorAbort: true,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    // A stack for every request that may fail costs as much as the request.
    noAsyncTraces: true,
  };
}

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'ping' || status.type === 'reconnecting') continue;
    const log = { status: status.type, ...('error' in status ? { err: status.error } : {}) };
    if (status.type === 'error' || status.type === 'disconnect') logger.warn(log, 'NATS connection');
    else logger.info(log, 'NATS connection');
  }
}
