import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../../platform/logger.ts';
import { hearReplicas } from './hear-replicas.ts';

export interface PublishedEventsOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  /** Told of the newest event of an account that is in the stream, by its number. */
  readonly onPublished: (workload: string, number: number) => void;
  readonly logger: Pick<Logger, 'warn'>;
}

/** What is told within this time is told together. */
const GATHER_MS = 20;

/**
 * How far the events of accounts have got into the event stream: the leader, who
 * brings them there, tells all replicas, so that each leaves them out of what it
 * writes next. Whoever does not hear of it writes them once more.
 */
export class PublishedEvents {
  readonly #options: PublishedEventsOptions;
  readonly #subject: string;
  readonly #end: () => void;
  readonly #untold = new Map<string, number>();
  #owed: NodeJS.Timeout | undefined;

  constructor(options: PublishedEventsOptions) {
    const { connection, mesh, logger } = options;
    this.#options = options;
    this.#subject = `capmesh.v1.published.${mesh}`;
    this.#end = hearReplicas(connection, this.#subject, (data) => this.#hear(data), logger);
  }

  tell(workload: string, number: number): void {
    this.#untold.set(workload, number);
    this.#owed ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  stop(): void {
    clearTimeout(this.#owed);
    this.#end();
  }

  #flush(): void {
    this.#owed = undefined;
    const { connection } = this.#options;
    const told = JSON.stringify(Object.fromEntries(this.#untold));
    this.#untold.clear();
    if (!connection.isClosed()) connection.publish(this.#subject, Buffer.from(told));
  }

  #hear(data: Uint8Array): void {
    const told = JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;
    for (const [workload, number] of Object.entries(told)) {
      if (!Number.isSafeInteger(number)) throw new Error('it tells no numbers of events');
      this.#options.onPublished(workload, number as number);
    }
  }
}
