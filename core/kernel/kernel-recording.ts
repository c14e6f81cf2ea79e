import { fromPlain, isRecord, type Plain, PlainValueError, toPlain } from '../substrate/plain-value.ts';
import { type KernelCheckpoint, restoreKernel } from './checkpoint.ts';
import type { CapacityEventRecord, KernelEvent } from './kernel-io.ts';
import type { KernelState } from './kernel-state.ts';
import { step } from './step.ts';

/** One entry of a recording: where the kernel started from, then everything that happened to it, in order. */
export type RecordedInput = { readonly kind: 'start'; readonly checkpoint: KernelCheckpoint } | KernelEvent;

/** Something in a recording that cannot be replayed. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/** An entry as a line of JSON, without its end. */
export const inputLine = (input: RecordedInput): string =>
  JSON.stringify(input.kind === 'start' ? input : toPlain(input));

/** Reads one line. Throws `RecordingError`. */
export function readInput(line: string): RecordedInput {
  try {
    const plain = JSON.parse(line) as Plain;
    if (isRecord(plain) && plain.kind === 'start') return plain as unknown as RecordedInput;
    const input = fromPlain(plain);
    if (isRecord(input) && KINDS.has(String(input.kind))) return input as unknown as KernelEvent;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof PlainValueError)) throw error;
    throw new RecordingError(error.message);
  }
  throw new RecordingError('it is no input of a kernel');
}

const KINDS: ReadonlySet<string> = new Set<RecordedInput['kind']>([
  'start',
  'config',
  'grants',
  'stored-leases',
  'action-control',
  'cancel-action',
  'admission',
  'rollout',
  'frame',
  'tick',
]);

/** Lets a kernel decide again what a recording says that it had to decide. Same recording, same events. */
export class KernelReplay {
  #state: KernelState | null = null;
  #ticks = 0;

  get ticks(): number {
    return this.#ticks;
  }

  /** Takes the next entry and answers the events that the kernel emits. Throws `RecordingError`. */
  take(input: RecordedInput): CapacityEventRecord[] {
    if (input.kind === 'start') {
      const restored = restoreKernel(input.checkpoint);
      if (!restored.ok) throw new RecordingError(`the start cannot be read: ${restored.problem}`);
      this.#state = restored.state;
      return [];
    }
    if (this.#state === null) throw new RecordingError('it does not begin with a start');
    if (input.kind === 'tick') this.#ticks++;
    return step(this.#state, input).effects.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
  }
}
