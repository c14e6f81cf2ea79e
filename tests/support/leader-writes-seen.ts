import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { EPOCH_HEADER, epochOf, WRITER_HEADER } from '../../control-plane/leader/leader-writes.ts';
import {
  CONTROL_BUCKET,
  EVENTS_STREAM,
  KERNEL_STREAM,
  LEASES_BUCKET,
  PLAN_BUCKET,
  streamOf,
} from '../../control-plane/state/open-store.ts';
import { behind, readStream } from '../../control-plane/state/read-stream.ts';

/** Streams that a leader writes into, but for its events. */
const STATES = [...[PLAN_BUCKET, LEASES_BUCKET, CONTROL_BUCKET].map(streamOf), KERNEL_STREAM];

export interface LeaderWrite {
  readonly stream: string;
  readonly subject: string;
  readonly sequence: number;
  readonly epoch: number;
  readonly writer: string;
}

/** Writes of leaders from now on, in the order of each stream: of states as they come, of events when they are read. */
export class LeaderWritesSeen {
  readonly writes: LeaderWrite[] = [];
  readonly #jetstream: JetStreamClient;
  readonly #stops: (() => void)[] = [];
  #eventsRead = 0;

  private constructor(jetstream: JetStreamClient) {
    this.#jetstream = jetstream;
  }

  static async open(jetstream: JetStreamClient): Promise<LeaderWritesSeen> {
    const seen = new LeaderWritesSeen(jetstream);
    for (const stream of STATES) await seen.#follow(stream);
    return seen;
  }

  /** Reads the events that are stored and were not read yet. */
  async readEvents(): Promise<void> {
    const unread = readStream(this.#jetstream, EVENTS_STREAM, behind(this.#eventsRead));
    for await (const { subject, sequence, headers } of unread) {
      this.#take(EVENTS_STREAM, subject, sequence, headers);
      this.#eventsRead = sequence;
    }
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

  async #follow(stream: string): Promise<void> {
    const consumer = await this.#jetstream.consumers.get(stream, { deliver_policy: DeliverPolicy.New });
    const messages = await consumer.consume();
    this.#stops.push(() => messages.stop());
    const read = async (): Promise<void> => {
      for await (const { subject, seq, headers } of messages) this.#take(stream, subject, seq, headers);
    };
    read().catch(() => {});
  }

  #take(stream: string, subject: string, sequence: number, headers: MsgHdrs | undefined): void {
    if (!headers?.has(EPOCH_HEADER)) return;
    this.writes.push({ stream, subject, sequence, epoch: epochOf(headers), writer: headers.get(WRITER_HEADER) });
  }
}
