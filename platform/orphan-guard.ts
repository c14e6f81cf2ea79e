import { type ChildProcess, spawn } from 'node:child_process';

// Reads "+ pid" and "- pid"; at the end of its input its owner is gone, so it ends what is left.
const SCRIPT = `
trap '' INT TERM HUP
pids=
while read -r sign pid; do
  case $sign in
    +) pids="$pids $pid" ;;
    -) kept=; for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done; pids=$kept ;;
  esac
done
alive() { for p in $pids; do kill -0 "$p" 2>/dev/null && return 0; done; return 1; }
[ -z "$pids" ] && exit 0
kill -TERM $pids 2>/dev/null
tries=0
while [ $tries -lt 50 ] && alive; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL $pids 2>/dev/null
`;

/** Ends the processes it was told of when this process dies, however it dies. */
export interface OrphanGuard {
  add(pid: number): void;
  remove(pid: number): void;
  /** Lets the guard go; what it still watches is ended. */
  close(): void;
}

/**
 * Starts a small shell in a session of its own that holds the other end of a
 * pipe. The kernel closes the pipe when this process dies, even by SIGKILL.
 */
export function startOrphanGuard(): OrphanGuard {
  const shell: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A guard that is gone guards nothing, but must not end its owner.
  shell.on('error', () => {});
  shell.stdin?.on('error', () => {});
  shell.unref();
  return {
    add: (pid) => void shell.stdin?.write(`+ ${pid}\n`),
    remove: (pid) => void shell.stdin?.write(`- ${pid}\n`),
    close: () => void shell.stdin?.end(),
  };
}
