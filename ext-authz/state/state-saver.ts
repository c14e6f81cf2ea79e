import type { Logger } from '../../platform/logger.ts';
import type { SidecarState } from './sidecar-state.ts';
import { writeStateFile } from './state-file.ts';

const PAUSE_MS = 1000;

/** Writes the state to disk after changes, at most once a second and never two at a time. */
export class StateSaver {
  readonly #state: SidecarState;
  readonly #path: string;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(state: SidecarState, path: string, logger: Logger) {
    this.#state = state;
    this.#path = path;
    this.#logger = logger;
  }

  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, PAUSE_MS);
  }

  /** Writes what is still to be written. */
  async stop(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#write();
    }
    await this.#writing;
  }

  #write(): void {
    this.#writing = this.#writing
      .then(() => writeStateFile(this.#path, this.#state.save()))
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'the last state could not be saved'));
  }
}
