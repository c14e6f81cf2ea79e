import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import type { Logger } from '../../platform/logger.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import { Frame } from '../../proto/gen/capmesh/v1/telemetry.ts';

/**
 * Frames of all nodes of a mesh as they are published. The same messages are
 * kept in the stream `CAPMESH_FRAMES`; reading them as plain messages costs no
 * round trip. A frame that cannot be read, breaks the rules of its message or
 * claims to be another node's is counted and dropped.
 */
export class FrameFeed {
  readonly #mesh: string;
  readonly #onFrame: (frame: TelemetryFrame) => void;
  readonly #logger: Logger;
  readonly #subscription: Subscription;
  #refused = 0;

  constructor(connection: NatsConnection, mesh: string, onFrame: (frame: TelemetryFrame) => void, logger: Logger) {
    this.#mesh = mesh;
    this.#onFrame = onFrame;
    this.#logger = logger;
    this.#subscription = connection.subscribe(`capmesh.v1.frames.${mesh}.*`, {
      callback: (error, message) => {
        if (error) this.#logger.warn({ err: error }, 'frames cannot be read');
        else this.#take(message.subject, message.data);
      },
    });
  }

  /** Frames dropped since the start. */
  get refused(): number {
    return this.#refused;
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #take(subject: string, data: Uint8Array): void {
    const frame = readFrame(this.#mesh, subject, data);
    if (typeof frame !== 'string') {
      this.#onFrame(frame);
      return;
    }
    this.#refused += 1;
    this.#logger.warn({ subject, problem: frame }, 'frame dropped');
  }
}

/** The frame in a message of a mesh, or what is wrong with it. */
export function readFrame(mesh: string, subject: string, data: Uint8Array): Frame | string {
  try {
    const frame = Frame.decode(data);
    const [problem] = validateMessage('capmesh.v1.Frame', frame);
    if (problem !== undefined) return `${problem.path}: ${problem.message}`;
    const isOwn = subject === `capmesh.v1.frames.${mesh}.${frame.node}` && frame.mesh === mesh;
    return isOwn ? frame : `it claims to be from node ${frame.node} of mesh ${frame.mesh}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
