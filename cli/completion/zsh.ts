import { bashCompletion } from './bash.ts';
import type { CommandPath } from './command-paths.ts';

/** zsh runs bash completions itself. */
export function zshCompletion(paths: readonly CommandPath[]): string {
  return `#compdef capmesh
autoload -U +X bashcompinit && bashcompinit
${bashCompletion(paths)}`;
}
