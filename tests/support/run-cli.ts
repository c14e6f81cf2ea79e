import { ChildProgram } from '../../demo/child-program.ts';
import { programPath } from '../../demo/program-path.ts';

export interface CliAnswer {
  readonly code: number | NodeJS.Signals;
  readonly out: string;
}

/** Runs one `capmesh` command against the mesh of a state folder. */
export async function runCli(stateDir: string, ...args: string[]): Promise<CliAnswer> {
  const lines: string[] = [];
  const program = new ChildProgram({
    command: process.execPath,
    args: [programPath('cli/main'), ...args, '--state-dir', stateDir],
    onLine: (line) => lines.push(line),
  });
  const code = await program.exited;
  return { code, out: lines.join('\n') };
}
