import { Argument, Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { commandPaths } from '../completion/command-paths.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CliContext } from '../context.ts';

const WRITERS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export function completionCommand(context: CliContext): Command {
  return new Command('completion')
    .description('print a completion script, for example: source <(capmesh completion bash)')
    .addArgument(new Argument('<shell>').choices(Object.keys(WRITERS)))
    .action((shell: keyof typeof WRITERS, _options, command: Command) => {
      const program = command.parent as Command;
      context.out(WRITERS[shell](commandPaths(program)).trimEnd());
    });
}
