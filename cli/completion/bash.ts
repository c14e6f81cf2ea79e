import type { CommandPath } from './command-paths.ts';

/** The words typed so far, without options, choose what may come next; paths are completed everywhere else. */
export function bashCompletion(paths: readonly CommandPath[]): string {
  const cases = paths.map(({ words, subcommands, options }) => {
    const next = [...subcommands.map(({ name }) => name), ...options.map(({ flag }) => flag)];
    return `    '${words.join(' ')}') words='${next.join(' ')}' ;;`;
  });
  return `# bash completion of capmesh
_capmesh() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= words= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case $path in
${cases.join('\n')}
    esac
    [ -n "$words" ] && break
    case $path in *' '*) path=\${path% *} ;; *) path= ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _capmesh capmesh
`;
}
