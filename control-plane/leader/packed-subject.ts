import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../../platform/logger.ts';
import { packJson, unpackJson } from '../state/packed-json.ts';
import { hearReplicas } from './hear-replicas.ts';

/** Sends values under a plain subject, packed. */
export class PackedSender {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #bytesMax: number;
  readonly #logger: Pick<Logger, 'warn'>;
  #newest: { readonly value: unknown } | null = null;
  #isRunning = false;

  constructor(connection: NatsConnection, subject: string, bytesMax: number, logger: Pick<Logger, 'warn'>) {
    this.#connection = connection;
    this.#subject = subject;
    this.#bytesMax = bytesMax;
    this.#logger = logger;
  }

  /** Sends the newest value: one that is overtaken before it is packed is left out. */
  send(value: unknown): void {
    this.#newest = { value };
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Sends this value too, whatever comes after it; nothing is sent where there is no connection. */
  async sendEach(value: unknown): Promise<void> {
    try {
      await this.#publish(value);
    } catch (error) {
      this.#logger.warn({ err: error, subject: this.#subject }, 'cannot be told');
    }
  }

  /** Sends one more value and none that waits; to be the last. */
  async last(value: unknown): Promise<void> {
    this.#newest = null;
    await this.sendEach(value);
  }

  async #run(): Promise<void> {
    for (let next = this.#newest; next !== null; next = this.#newest) {
      this.#newest = null;
      await this.sendEach(next.value);
    }
    this.#isRunning = false;
  }

  async #publish(value: unknown): Promise<void> {
    const packed = await packJson(value);
    if (this.#connection.isClosed()) return;
    if (packed.length > this.#bytesMax) throw new Error(`it has ${packed.length} bytes`);
    this.#connection.publish(this.#subject, packed);
  }
}

/** Calls `take` with every value that `PackedSender`s send, in order; what it throws on is logged. Returns the way to end that. */
export const receivePacked = (
  connection: NatsConnection,
  subject: string,
  take: (value: unknown) => void,
  logger: Pick<Logger, 'warn'>,
): (() => void) => hearReplicas(connection, subject, async (data) => take(await unpackJson(data)), logger);
