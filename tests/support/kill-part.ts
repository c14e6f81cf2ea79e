import type { Topology } from './topology.ts';
import { waitFor } from './wait-for.ts';

/** Starts again what dies. */
const SUPERVISOR = 'up';

export interface KilledPart {
  /** Monotonic time from which on a successor could start. */
  readonly restartedMs: number;
  /** Resolves when the successor does its work. */
  readonly ready: Promise<unknown>;
}

/** Kills a part with SIGKILL. It stays dead while `whileDead` runs: what would start it again stands still. */
export async function killPart(
  topology: Topology,
  part: string,
  whileDead: () => Promise<unknown>,
): Promise<KilledPart> {
  const pid = pidOf(topology, part);
  const supervisor = pidOf(topology, SUPERVISOR);
  process.kill(supervisor, 'SIGSTOP');
  try {
    process.kill(pid, 'SIGKILL');
    await whileDead();
  } finally {
    process.kill(supervisor, 'SIGCONT');
  }
  const ready = waitFor(`${part} to run again`, async () => {
    const successor = topology.pids()[part];
    return successor !== undefined && successor !== pid;
  });
  ready.catch(() => {});
  return { restartedMs: performance.now(), ready };
}

function pidOf(topology: Topology, part: string): number {
  const pid = topology.pids()[part];
  if (pid === undefined) throw new Error(`${part} does not run`);
  return pid;
}
