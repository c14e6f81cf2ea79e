import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type OrphanGuard, startOrphanGuard } from '../platform/orphan-guard.ts';

export interface ChildProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Receives stderr; absent = this process's own stderr. */
  readonly errorFile?: string;
  readonly onLine?: (line: string) => void;
  /** Time between SIGTERM and SIGKILL, ms. */
  readonly graceMs?: number;
}

let guard: OrphanGuard | null = null;

/**
 * A child process that speaks in lines on stdout, and is ended by its pid. It is
 * ended too when this process dies without stopping it.
 */
export class ChildProgram {
  readonly process: ChildProcess;
  /** Exit code or the signal that ended it; never rejects. */
  readonly exited: Promise<number | NodeJS.Signals>;
  private readonly graceMs: number;
  private readonly listeners = new Set<(line: string) => void>();
  private ended = false;

  constructor(options: ChildProgramOptions) {
    const errors = options.errorFile === undefined ? 'inherit' : openSync(options.errorFile, 'a', 0o600);
    this.graceMs = options.graceMs ?? 10_000;
    this.process = spawn(options.command, options.args, {
      stdio: ['ignore', 'pipe', errors],
      env: { ...process.env, ...options.env },
      // A ^C in the terminal reaches only the parent, which ends its children in order.
      detached: true,
    });
    if (options.onLine) this.listeners.add(options.onLine);
    guard ??= startOrphanGuard();
    const { pid } = this.process;
    if (pid !== undefined) guard.add(pid);
    this.exited = new Promise((resolve) => {
      this.process.once('error', () => resolve(-1));
      this.process.once('close', (code, signal) => resolve(code ?? signal ?? -1));
    });
    void this.exited.then(() => {
      this.ended = true;
      if (pid !== undefined) guard?.remove(pid);
    });
    if (this.process.stdout) {
      createInterface({ input: this.process.stdout }).on('line', (line) => {
        for (const listener of this.listeners) listener(line);
      });
    }
  }

  /** The first value that `pick` finds in a line; rejects when the program ends without it. */
  first<T>(pick: (line: string) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const listener = (line: string): void => {
        const found = pick(line);
        if (found === undefined) return;
        this.listeners.delete(listener);
        resolve(found);
      };
      this.listeners.add(listener);
      void this.exited.then((how) => reject(new Error(`${this.process.spawnfile} ended early: ${how}`)));
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.ended) this.process.kill(signal);
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), this.graceMs);
    const how = await this.exited;
    clearTimeout(timer);
    return how;
  }
}

/** Reads a line as JSON and takes one field of it; anything else is no match. */
export function jsonField<T>(name: string): (line: string) => T | undefined {
  return (line) => {
    if (!line.startsWith('{')) return undefined;
    try {
      return (JSON.parse(line) as Record<string, T>)[name];
    } catch {
      return undefined;
    }
  };
}
