import { spawnSync } from 'node:child_process';

export interface ComposeEngine {
  /** Runs `docker compose` with these arguments; throws with its output when it fails. */
  run(...args: string[]): string;
}

/** A container engine that answers and can do Compose, or why there is none. */
export function findComposeEngine(): ComposeEngine | { readonly missing: string } {
  const engine = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], { encoding: 'utf8', timeout: 20_000 });
  if (engine.status !== 0) return { missing: 'no container engine answers' };
  const compose = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8', timeout: 20_000 });
  if (compose.status !== 0) return { missing: 'docker has no compose command' };
  return {
    run: (...args) => {
      const done = spawnSync('docker', ['compose', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
      if (done.status !== 0) throw new Error(`docker compose ${args.join(' ')}\n${done.stdout}${done.stderr}`);
      return done.stdout;
    },
  };
}
