import type { Msg, NatsConnection, Subscription, SubscriptionOptions } from '@nats-io/transport-node';

export interface PlainMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Where the answer goes. */
  readonly reply?: string | undefined;
  readonly headers?: Msg['headers'];
}

/** A connection to nobody: what a test delivers is all that is heard. */
export class PlainMessages {
  readonly sent: PlainMessage[] = [];
  readonly #queues = new Map<string, Queue>();
  readonly #callbacks = new Map<string, NonNullable<SubscriptionOptions['callback']>>();

  readonly connection = {
    subscribe: (subject: string, { callback }: SubscriptionOptions = {}): Subscription => {
      if (callback !== undefined) {
        this.#callbacks.set(subject, callback);
        const unsubscribe = (): void => void this.#callbacks.delete(subject);
        return { unsubscribe, drain: async () => unsubscribe() } as unknown as Subscription;
      }
      const queue = new Queue();
      this.#queues.set(subject, queue);
      return {
        [Symbol.asyncIterator]: () => queue.read(),
        unsubscribe: () => queue.end(),
      } as unknown as Subscription;
    },
    publish: (subject: string, data: Uint8Array, { reply }: { reply?: string } = {}) =>
      this.sent.push({ subject, data, ...(reply !== undefined && { reply }) }),
    isClosed: () => false,
  } as unknown as NatsConnection;

  /**
   * Settles when whoever subscribed has taken it.
   *
   * @param subscribed the subject that was subscribed to, where it is a pattern
   */
  async deliver(message: PlainMessage | undefined, subscribed = message?.subject): Promise<void> {
    const callback = this.#callbacks.get(subscribed ?? '');
    if (message !== undefined && callback !== undefined) {
      callback(null, message as unknown as Msg);
      return;
    }
    const queue = this.#queues.get(message?.subject ?? '');
    if (message === undefined || queue === undefined) throw new Error('nobody hears it');
    await queue.put({ data: message.data } as Msg);
  }
}

class Queue {
  readonly #waiting: Msg[] = [];
  #taken = 0;
  #isOver = false;
  #wake: () => void = () => {};

  async put(message: Msg): Promise<void> {
    const before = this.#taken;
    this.#waiting.push(message);
    this.#wake();
    while (this.#taken === before) await new Promise((resolve) => setImmediate(resolve));
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *read(): AsyncGenerator<Msg> {
    while (!this.#isOver) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        yield message;
        this.#taken += 1;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
