import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Clock } from '../platform/clock.ts';
import { StateFolder } from './state-folder.ts';

/** What a command may touch of the world outside; tests pass their own. */
export interface CliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly clock: Clock;
  /** Aborts on ^C. */
  readonly signal: AbortSignal;
  /** All of stdin. */
  input(): string;
  /** Writes one line to stdout. */
  out(line: string): void;
  /** Writes one line to stderr. */
  err(line: string): void;
  /** Draws a line over the last one drawn on stderr; absent = stderr is no terminal. */
  redraw?(line: string): void;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: true;
  readonly server?: string;
  readonly stateDir?: string;
  readonly adminTokenFile?: string;
}

/** A command's surroundings: its options, the state folder, and where its answer goes. */
export interface Invocation<Options> {
  readonly context: CliContext;
  readonly options: Options & GlobalOptions;
  readonly state: StateFolder;
  /** Prints the answer: as JSON with `--json`, else the lines; only what is printed is computed. */
  print(json: () => unknown, lines: () => readonly string[]): Promise<void>;
}

export function invocation<Options>(context: CliContext, command: Command): Invocation<Options> {
  const options = command.optsWithGlobals<Options & GlobalOptions>();
  return {
    context,
    options,
    state: new StateFolder(resolve(context.cwd, options.stateDir ?? context.env.CAPMESH_STATE_DIR ?? '.capmesh')),
    print: async (json, lines) => {
      if (options.json) context.out(JSON.stringify(await json(), null, 2));
      else for (const line of lines()) context.out(line);
    },
  };
}
