import type { Command } from 'commander';

/** A command and what may follow it. */
export interface CommandPath {
  /** Words after `capmesh`, empty for the program itself. */
  readonly words: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  /** Long options, with those of the program. */
  readonly options: readonly { readonly flag: string; readonly description: string }[];
}

/** Every command of a program, the program itself first. */
export function commandPaths(program: Command): CommandPath[] {
  const globals = optionsOf(program);
  return walk(program, [], globals);
}

function walk(command: Command, words: readonly string[], globals: CommandPath['options']): CommandPath[] {
  const visible = command.createHelp().visibleCommands(command);
  const subcommands = visible.map((sub) => ({ name: sub.name(), description: sub.description() }));
  const own = words.length === 0 ? [] : optionsOf(command);
  return [
    {
      words,
      description: command.description(),
      subcommands,
      options: [...own, ...globals.filter(({ flag }) => own.every((option) => option.flag !== flag))],
    },
    ...visible.filter((sub) => sub.name() !== 'help').flatMap((sub) => walk(sub, [...words, sub.name()], globals)),
  ];
}

function optionsOf(command: Command): CommandPath['options'] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long === undefined || long === null ? [] : [{ flag: long, description }]));
}
