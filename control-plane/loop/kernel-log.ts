import { createHash } from 'node:crypto';
import { checkpointOf } from '../../core/kernel/checkpoint.ts';
import type { CapacityEventRecord, KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';
import { toPlain } from '../../core/substrate/plain-value.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KernelRecord, LoggedInput } from '../state/kernel-log-store.ts';
import { isSmall, type KernelObserver } from './kernel-observer.ts';
import { RetryingQueue } from './retrying-queue.ts';

/** Where records go; answers whether it fitted. */
export interface RecordSink {
  publish(record: KernelRecord): Promise<boolean>;
}

const WAITING_MAX = 600;
/** Ticks between two points that a replay can begin at. */
const CHECKPOINT_TICKS = 60;
/** Inputs between two ticks that are written; with more the log has a gap until its next checkpoint. */
const INPUTS_MAX = 10_000;

/**
 * Writes the kernel's log: every input in its order and a digest of every
 * effect, enough to repeat each decision (CONTRACT §F). Waits for nothing; what
 * the store does not take in time is missing and seen to be missing.
 */
export class KernelLog implements KernelObserver {
  readonly #run: string;
  readonly #queue: RetryingQueue<KernelRecord>;
  #inputs: LoggedInput[] = [];
  #effects: KernelEffect[] = [];
  #dropped = 0;
  #tick = 0;

  constructor(store: RecordSink, run: string, logger: Pick<Logger, 'warn'>) {
    this.#run = run;
    this.#queue = new RetryingQueue({
      send: async (record) => {
        if (await store.publish(record)) return;
        this.#dropped++;
        logger.warn({ tick: record.tick, kind: record.kind }, 'a record of the kernel is too large for the store');
      },
      onError: (error) => logger.warn({ err: error }, 'the store did not take a record of the kernel'),
      waitingMax: WAITING_MAX,
    });
  }

  /** Records given up. */
  get dropped(): number {
    return this.#dropped + this.#queue.dropped;
  }

  started(state: KernelState): void {
    this.#pushCheckpoint(state);
  }

  stepped(event: KernelEvent, effects: readonly KernelEffect[], state: KernelState): void {
    if (this.#inputs.length < INPUTS_MAX) this.#inputs.push(loggedInput(event));
    this.#effects.push(...effects);
    if (event.kind !== 'tick') return;
    this.#tick++;
    if (this.#inputs.length < INPUTS_MAX) this.#pushTick();
    else this.#dropped++;
    this.#inputs = [];
    this.#effects = [];
    if (this.#tick % CHECKPOINT_TICKS === 0) this.#pushCheckpoint(state);
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  stop(): void {
    this.#queue.stop();
  }

  #pushTick(): void {
    this.#queue.push({
      kind: 'tick',
      run: this.#run,
      tick: this.#tick,
      inputs: this.#inputs,
      events: eventsOf(this.#effects),
      effects: digest(this.#effects),
    });
  }

  #pushCheckpoint(state: KernelState): void {
    if (!isSmall(state)) return;
    this.#queue.push({ kind: 'checkpoint', run: this.#run, tick: this.#tick, checkpoint: checkpointOf(state) });
  }
}

export const eventsOf = (effects: readonly KernelEffect[]): CapacityEventRecord[] =>
  effects.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));

function loggedInput(event: KernelEvent): LoggedInput {
  if (event.kind !== 'frame') return { input: toPlain(event) };
  const { node, instance, seq, part } = event.frame;
  return { frame: [node, instance, seq, part], nowMs: event.nowMs };
}

/** Of events, of which leases were issued and of whether the plan changed. */
function digest(effects: readonly KernelEffect[]): string {
  const told = effects.map((effect) => {
    if (effect.kind === 'emit-event') return effect.event;
    return effect.kind === 'publish-leases' ? effect.leases.map(({ node, seq }) => [node, seq]) : effect.kind;
  });
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16);
}
