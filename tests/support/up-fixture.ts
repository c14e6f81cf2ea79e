import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../platform/package-root.ts';

export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A checkout of the project in a folder of its own, made of links, where commands leave their files. */
export interface Checkout {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command line to its end. */
  run(command: string): Promise<CommandRun>;
  /** Starts a command line and waits for a line of its output that matches. */
  start(command: string, ready: RegExp): Promise<Running>;
  remove(): void;
}

export interface Running {
  readonly lines: readonly string[];
  readonly pid: number;
  /** Resolves with the first line, past or to come, that matches. */
  line(pattern: RegExp): Promise<string>;
  /** ^C; resolves with the exit code. */
  stop(): Promise<number | null>;
}

const LINE_TIMEOUT_MS = 60_000;
const OWN_FILES = new Set(['.git', '.capmesh', 'mesh.yaml']);

export function makeCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-up-'));
  for (const name of readdirSync(packageRoot())) {
    if (!OWN_FILES.has(name)) symlinkSync(join(packageRoot(), name), join(folder, name));
  }
  const env = { ...process.env, CAPMESH_PORT_BASE: 'auto' };
  return {
    folder,
    env,
    run: (command) => run(command, folder, env),
    start: (command, ready) => start(command, ready, folder, env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function run(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<CommandRun> {
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', command], { cwd, env, timeout: LINE_TIMEOUT_MS }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

async function start(command: string, ready: RegExp, cwd: string, env: NodeJS.ProcessEnv): Promise<Running> {
  // A process group of its own, so that ^C can reach what make started, as in a terminal.
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const watcher of watchers) watcher();
    });
  }
  const line = (pattern: RegExp): Promise<string> => waitForLine(child, lines, watchers, pattern);
  const stop = async (): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    process.kill(-(child.pid as number), 'SIGINT');
    await exited;
    return child.exitCode;
  };
  try {
    await line(ready);
  } catch (error) {
    await stop();
    throw error;
  }
  return { lines, pid: child.pid as number, line, stop };
}

function waitForLine(
  child: ChildProcess,
  lines: readonly string[],
  watchers: Set<() => void>,
  pattern: RegExp,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new Error(`no line like ${pattern} in:\n${lines.join('\n')}`)),
      LINE_TIMEOUT_MS,
    );
    const onExit = (): void => settle(new Error(`ended before a line like ${pattern}:\n${lines.join('\n')}`));
    const look = (): void => {
      const found = lines.find((text) => pattern.test(text));
      if (found !== undefined) settle(found);
    };
    function settle(outcome: string | Error): void {
      clearTimeout(timer);
      watchers.delete(look);
      child.off('exit', onExit);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    }
    watchers.add(look);
    child.once('exit', onExit);
    look();
  });
}

/** Process ids of the children of a running mesh, by name. */
export function meshPids(checkout: Checkout): Record<string, number> {
  const text = readFileSync(join(checkout.folder, '.capmesh', 'up.json'), 'utf8');
  return (JSON.parse(text) as { pids: Record<string, number> }).pids;
}
