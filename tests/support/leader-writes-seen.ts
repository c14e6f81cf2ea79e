import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { EPOCH_HEADER, epochOf, WRITER_HEADER } from '../../control-plane/leader/leader-writes.ts';

/** Streams that a leader writes into. */
const STREAMS = ['KV_capmesh_plan', 'KV_capmesh_leases', 'KV_capmesh_control', 'CAPMESH_KERNEL', 'CAPMESH_EVENTS'];

export interface LeaderWrite {
  readonly stream: string;
  readonly subject: string;
  readonly sequence: number;
  readonly epoch: number;
  readonly writer: string;
}

/** Every write of a leader, from now on, in the order of each stream. */
export class LeaderWritesSeen {
  readonly writes: LeaderWrite[] = [];
  readonly #stops: (() => void)[] = [];

  static async open(jetstream: JetStreamClient): Promise<LeaderWritesSeen> {
    const seen = new LeaderWritesSeen();
    for (const stream of STREAMS) await seen.#follow(jetstream, stream);
    return seen;
  }

  /** Processes that wrote in each epoch. */
  writers(): Map<number, Set<string>> {
    const writers = new Map<number, Set<string>>();
    for (const { epoch, writer } of this.writes) writers.set(epoch, (writers.get(epoch) ?? new Set()).add(writer));
    return writers;
  }

  /** Writes to a key that follow one of a higher epoch to the same key. */
  late(): LeaderWrite[] {
    const newest = new Map<string, number>();
    return this.writes.filter(({ stream, subject, epoch }) => {
      if (!stream.startsWith('KV_')) return false;
      const before = newest.get(subject) ?? 0;
      newest.set(subject, Math.max(before, epoch));
      return epoch < before;
    });
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  async #follow(jetstream: JetStreamClient, stream: string): Promise<void> {
    const consumer = await jetstream.consumers.get(stream, { deliver_policy: DeliverPolicy.New });
    const messages = await consumer.consume();
    this.#stops.push(() => messages.stop());
    const read = async (): Promise<void> => {
      for await (const { subject, seq, headers } of messages) {
        if (!headers?.has(EPOCH_HEADER)) continue;
        const writer = headers.get(WRITER_HEADER);
        this.writes.push({ stream, subject, sequence: seq, epoch: epochOf(headers), writer });
      }
    };
    read().catch(() => {});
  }
}
