import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

/** Says that it runs, then keeps one core busy, half a minute at most. */
const BURN = "process.stdout.write('.'); const until = performance.now() + 30_000; while (performance.now() < until);";

/** Processes that leave no core idle, from the moment this resolves to `stop`. */
export async function startBurners(): Promise<{ stop(): Promise<void> }> {
  const children = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', BURN], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  return {
    stop: async () => {
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
