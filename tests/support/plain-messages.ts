import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';

export interface PlainMessage {
  readonly subject: string;
  readonly data: Uint8Array;
}

/** A connection to nobody: what a test delivers is all that is heard. */
export class PlainMessages {
  readonly sent: PlainMessage[] = [];
  readonly #queues = new Map<string, Queue>();

  readonly connection = {
    subscribe: (subject: string): Subscription => {
      const queue = new Queue();
      this.#queues.set(subject, queue);
      return {
        [Symbol.asyncIterator]: () => queue.read(),
        unsubscribe: () => queue.end(),
      } as unknown as Subscription;
    },
    publish: (subject: string, data: Uint8Array) => this.sent.push({ subject, data }),
    isClosed: () => false,
  } as unknown as NatsConnection;

  /** Settles when whoever subscribed to this very subject has taken it. */
  async deliver(message: PlainMessage | undefined): Promise<void> {
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
