import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';

/** Frames that wait while the kernel is being made; more than a start can last. */
const WAITING_MAX = 4096;

/** Keeps frames until somebody takes them; then passes them on as they come. */
export class EarlyFrames {
  readonly #waiting: TelemetryFrame[] = [];
  #taker: ((frame: TelemetryFrame) => void) | undefined;

  take(frame: TelemetryFrame): void {
    if (this.#taker !== undefined) this.#taker(frame);
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(frame);
  }

  passOn(taker: (frame: TelemetryFrame) => void): void {
    for (const frame of this.#waiting.splice(0)) taker(frame);
    this.#taker = taker;
  }
}
