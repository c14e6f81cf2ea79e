import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { bashCompletion } from '../../../cli/completion/bash.ts';
import { commandPaths } from '../../../cli/completion/command-paths.ts';
import { fishCompletion } from '../../../cli/completion/fish.ts';

describe('completion', () => {
  const budget = new Command('budget')
    .description('budgets')
    .addCommand(new Command('set').option('--int <x>', "the caller's rate").argument('<workload>'))
    .addCommand(new Command('list'));
  const program = new Command('capmesh').option('--json').addCommand(budget).addCommand(new Command('status'));
  const paths = commandPaths(program);

  /** What bash offers for a line whose last word is being typed. */
  function offered(...words: string[]): string[] {
    const script = `${bashCompletion(paths)}
      COMP_WORDS=(capmesh ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _capmesh
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  }

  it('bash offers commands, sub-commands and the options of the command in hand', () => {
    assert.deepEqual(offered('st'), ['status']);
    assert.deepEqual(offered('budget', ''), ['set', 'list', 'help', '--help', '--json']);
    assert.deepEqual(offered('--json', 'budget', 'l'), ['list']);
    assert.deepEqual(offered('budget', 'set', 'checkout', '--i'), ['--int']);
  });

  it('fish quotes what a shell would read', () => {
    const line = fishCompletion(paths)
      .split('\n')
      .find((text) => text.includes('-l int'));
    assert.match(line ?? '', /-l int -d 'the caller\\'s rate'$/);
  });
});
