import { type Command, CommanderError } from 'commander';
import { CliError, EXIT } from './cli-error.ts';
import type { CliContext } from './context.ts';

/** Runs one command line and answers its exit code; failures are said on stderr. */
export async function runCli(program: Command, args: readonly string[], context: CliContext): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, context: CliContext): number {
  if (context.signal.aborted) return EXIT.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { message } = error as Error;
  if (message !== '') context.err(`capmesh: ${message}`);
  if (!(error instanceof CliError)) return EXIT.refused;
  if (error.hint !== '') context.err(`  ${error.hint}`);
  return error.exitCode;
}
