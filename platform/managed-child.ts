import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { boundLog } from './bound-log.ts';
import { systemClock } from './clock.ts';
import type { OrphanGuard } from './orphan-guard.ts';

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What kept the program from starting; empty when it ran. */
  readonly error: string;
}

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives stdout and stderr, appended; its size is bounded. */
  readonly logFile: string;
  /** Resolves once the child does its work; asked again after every restart. Must heed the signal. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
}

export type SupervisorReport =
  | { readonly kind: 'ready'; readonly name: string; readonly pid: number; readonly restarts: number }
  | { readonly kind: 'exited'; readonly name: string; readonly exit: ChildExit; readonly restartInMs: number }
  | { readonly kind: 'stopped'; readonly name: string; readonly exit: ChildExit }
  | { readonly kind: 'killed'; readonly name: string; readonly pid: number };

export interface SupervisorOptions {
  readonly report?: (report: SupervisorReport) => void;
  /** Time a child may take until it is ready, ms; default 20 000. */
  readonly readyTimeoutMs?: number;
  /** Time a child may take to end after SIGTERM before it gets SIGKILL, ms; default 5 000. */
  readonly stopTimeoutMs?: number;
  /** Pause before the first restart, ms; doubles up to `restartMaxMs`. Default 200. */
  readonly restartMinMs?: number;
  /** Default 10 000. */
  readonly restartMaxMs?: number;
  /** A child that ran for this long starts again from the shortest pause, ms; default 10 000. */
  readonly provenAfterMs?: number;
  /** A log that has grown beyond this begins anew, the lines before it in `<file>.1`; default 64 MiB. */
  readonly logBytesMax?: number;
  /** How often that is looked at, ms; default 10 000. */
  readonly logCheckMs?: number;
}

interface Run {
  readonly process: ChildProcess;
  readonly exited: Promise<ChildExit>;
  readonly startedAtMs: number;
}

const LOG_TAIL_LINES = 12;

/** One supervised process over all its restarts. */
export class ManagedChild {
  readonly spec: ChildSpec;
  readonly #guard: OrphanGuard;
  readonly #options: Required<SupervisorOptions>;
  readonly #stop = new AbortController();
  #run: Run | null = null;
  #supervision: Promise<void> = Promise.resolve();
  #restarts = 0;
  #stopped: Promise<void> | null = null;

  constructor(spec: ChildSpec, guard: OrphanGuard, options: Required<SupervisorOptions>) {
    this.spec = spec;
    this.#guard = guard;
    this.#options = options;
  }

  get pid(): number | null {
    return this.#run?.process.pid ?? null;
  }

  async start(): Promise<void> {
    const run = this.#spawn();
    const outcome = await this.#untilReady(run);
    if (outcome !== 'ready') {
      const why = this.#whyNotReady(outcome);
      await this.stop();
      throw new Error(`${this.spec.name}: ${why}\n${logTail(this.spec.logFile)}`.trimEnd());
    }
    this.#supervision = this.#supervise(run);
  }

  #whyNotReady(outcome: 'timeout' | ChildExit): string {
    if (this.#stop.signal.aborted) return 'stopped before it was ready';
    return outcome === 'timeout' ? `not ready after ${this.#options.readyTimeoutMs} ms` : describeExit(outcome);
  }

  /** Resolves when the process is gone; safe to call twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#endRun();
    return this.#stopped;
  }

  async #endRun(): Promise<void> {
    this.#stop.abort();
    const run = this.#run;
    if (run !== null) {
      run.process.kill('SIGTERM');
      const timer = setTimeout(() => {
        if (run.process.kill('SIGKILL')) {
          this.#options.report({ kind: 'killed', name: this.spec.name, pid: run.process.pid ?? 0 });
        }
      }, this.#options.stopTimeoutMs);
      const exit = await run.exited;
      clearTimeout(timer);
      this.#options.report({ kind: 'stopped', name: this.spec.name, exit });
    }
    await this.#supervision;
  }

  /** Restarts the process whenever it ends, until `stop`. */
  async #supervise(first: Run): Promise<void> {
    let pauseMs = this.#options.restartMinMs;
    for (let run = first; ; run = this.#spawn()) {
      if (run !== first) await this.#untilReady(run, 'wait');
      const exit = await run.exited;
      if (this.#stop.signal.aborted) return;
      if (systemClock.monotonicMs() - run.startedAtMs > this.#options.provenAfterMs)
        pauseMs = this.#options.restartMinMs;
      this.#options.report({ kind: 'exited', name: this.spec.name, exit, restartInMs: pauseMs });
      await pause(pauseMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      pauseMs = Math.min(2 * pauseMs, this.#options.restartMaxMs);
      this.#restarts += 1;
    }
  }

  /** `wait`: a silent process is left alone, only its end counts; it may just need its peers. */
  async #untilReady(run: Run, patience: 'limited' | 'wait' = 'limited'): Promise<'ready' | 'timeout' | ChildExit> {
    const asked = new AbortController();
    const stopAsking = (): void => asked.abort();
    this.#stop.signal.addEventListener('abort', stopAsking, { once: true });
    const ready = this.spec.ready(asked.signal).then(
      () => 'ready' as const,
      () => 'timeout' as const,
    );
    const timer = patience === 'limited' ? setTimeout(stopAsking, this.#options.readyTimeoutMs) : undefined;
    const outcome = await Promise.race([ready, run.exited]);
    clearTimeout(timer);
    stopAsking();
    this.#stop.signal.removeEventListener('abort', stopAsking);
    if (outcome === 'ready') {
      const pid = run.process.pid ?? 0;
      this.#options.report({ kind: 'ready', name: this.spec.name, pid, restarts: this.#restarts });
    }
    return outcome;
  }

  #spawn(): Run {
    const log = openSync(this.spec.logFile, 'a', 0o600);
    const child = spawn(this.spec.command, this.spec.args, {
      env: { ...process.env, ...this.spec.env },
      stdio: ['ignore', log, log],
      // A ^C in the terminal reaches only this process, which then stops its children in order.
      detached: true,
    });
    closeSync(log);
    const { pid } = child;
    if (pid !== undefined) this.#guard.add(pid);
    const { logBytesMax, logCheckMs } = this.#options;
    const logCheck = setInterval(() => boundLog(this.spec.logFile, logBytesMax), logCheckMs);
    logCheck.unref();
    const exited = new Promise<ChildExit>((resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, error: error.message }));
      child.once('exit', (code, signal) => resolve({ code, signal, error: '' }));
    }).then((exit) => {
      clearInterval(logCheck);
      if (pid !== undefined) this.#guard.remove(pid);
      this.#run = null;
      return exit;
    });
    const run = { process: child, exited, startedAtMs: systemClock.monotonicMs() };
    this.#run = run;
    return run;
  }
}

/** How a process ended, in words. */
export function describeExit(exit: ChildExit): string {
  if (exit.error !== '') return exit.error;
  return exit.signal === null ? `ended with code ${exit.code}` : `ended by ${exit.signal}`;
}

function logTail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
