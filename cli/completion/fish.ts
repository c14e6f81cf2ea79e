import type { CommandPath } from './command-paths.ts';

export function fishCompletion(paths: readonly CommandPath[]): string {
  const lines = paths.flatMap(({ words, subcommands, options }) => {
    const condition = conditionFor(words, subcommands);
    return [
      ...subcommands.map(({ name, description }) => `${condition} -f -a ${name} -d '${quote(description)}'`),
      ...options.map(({ flag, description }) => `${condition} -l ${flag.slice(2)} -d '${quote(description)}'`),
    ];
  });
  return ['# fish completion of capmesh', 'complete -c capmesh -e', ...lines, ''].join('\n');
}

function conditionFor(words: readonly string[], subcommands: CommandPath['subcommands']): string {
  if (words.length === 0) return `complete -c capmesh -n '__fish_use_subcommand'`;
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const open = subcommands.map(({ name }) => name).join(' ');
  const notYet = open === '' ? [] : [`not __fish_seen_subcommand_from ${open}`];
  return `complete -c capmesh -n '${[...seen, ...notYet].join('; and ')}'`;
}

const quote = (text: string): string => text.replaceAll("'", String.raw`\'`);
