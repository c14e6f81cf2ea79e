import { type ChildSpec, ManagedChild, type SupervisorOptions } from './managed-child.ts';
import { type OrphanGuard, startOrphanGuard } from './orphan-guard.ts';

export type { ChildSpec, SupervisorOptions, SupervisorReport } from './managed-child.ts';

/**
 * Child processes that are started in order, restarted when they crash, and
 * stopped in the opposite order, each by its pid. Should this process die
 * without stopping them, the orphan guard ends them.
 */
export class Supervisor {
  readonly #options: Required<SupervisorOptions>;
  readonly #guard: OrphanGuard = startOrphanGuard();
  readonly #children: ManagedChild[] = [];
  #stopping: Promise<void> | null = null;

  constructor(options: SupervisorOptions = {}) {
    this.#options = {
      report: () => {},
      readyTimeoutMs: 20_000,
      stopTimeoutMs: 5_000,
      restartMinMs: 200,
      restartMaxMs: 10_000,
      provenAfterMs: 10_000,
      logBytesMax: 64 * 1024 * 1024,
      logCheckMs: 10_000,
      ...options,
    };
  }

  /** Starts a child and waits until it is ready; throws, with the end of its log, when it dies or stays silent. */
  async start(spec: ChildSpec): Promise<void> {
    if (this.#stopping !== null) throw new Error(`cannot start ${spec.name}: stopping`);
    const child = new ManagedChild(spec, this.#guard, this.#options);
    this.#children.push(child);
    await child.start();
  }

  /** Process ids of the children that run, by name. */
  pids(): Record<string, number> {
    return Object.fromEntries(
      this.#children.flatMap((child) => (child.pid === null ? [] : [[child.spec.name, child.pid]])),
    );
  }

  /** Stops all children, the last started first. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      await child.stop();
    }
    this.#guard.close();
  }
}
