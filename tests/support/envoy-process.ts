import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BootstrapOptions, buildBootstrap } from '../../envoy/bootstrap.ts';
import { findBinary } from '../../platform/binaries.ts';
import { choosePorts } from '../../platform/ports.ts';

export interface EnvoyProcess {
  readonly meshPort: number;
  readonly adminPort: number;
  readonly pid: number;
  /** Value of one statistic; 0 where it does not exist. */
  stat(name: string): Promise<number>;
  /** Resolves as soon as the statistic satisfies the condition. */
  untilStat(name: string, condition: (value: number) => boolean): Promise<void>;
  /** A path of the admin interface, as text. */
  admin(path: string, method?: 'GET' | 'POST'): Promise<string>;
  /** What Envoy has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

export type EnvoyOptions = Pick<BootstrapOptions, 'nodeId' | 'controlPlane' | 'check' | 'sinks'> &
  Partial<BootstrapOptions>;

const POLL_MS = 20;

/** Starts the real Envoy on free loopback ports. With `isReady: false` it may still be without a listener. */
export async function startEnvoy(options: EnvoyOptions, isReady = true): Promise<EnvoyProcess> {
  const [ports] = (await choosePorts('auto', 1)).nodes;
  if (ports === undefined) throw new Error('no ports');
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-envoy-'));
  const file = join(folder, 'bootstrap.json');
  const bootstrap = buildBootstrap({
    mesh: 'shop',
    admin: { host: '127.0.0.1', port: ports.admin },
    listener: { host: '127.0.0.1', port: ports.mesh },
    ...options,
  });
  writeFileSync(file, JSON.stringify(bootstrap));
  const args = ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'warn', '--drain-time-s', '1'];
  const child = spawn(findBinary('envoy'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const envoy = handleOf(child, ports.mesh, ports.admin, folder);
  try {
    if (isReady) await untilServing(envoy);
  } catch (error) {
    await envoy.stop();
    throw error;
  }
  return envoy;
}

/** A starting Envoy counts its listener as active before its workers listen, and is live at times without one. */
async function untilServing(envoy: EnvoyProcess): Promise<void> {
  await envoy.untilStat('listener_manager.total_listeners_active', (value) => value >= 1);
  while (!(await envoy.admin('/ready')).startsWith('LIVE')) await delay(POLL_MS);
}

function handleOf(child: ChildProcess, meshPort: number, adminPort: number, folder: string): EnvoyProcess {
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log = `${log}${chunk.toString()}`.slice(-100_000);
  });
  const killWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killWithUs);
  const admin = async (path: string, method: 'GET' | 'POST' = 'GET'): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, { method });
    return response.text();
  };
  const stat = async (name: string): Promise<number> => {
    const text = await admin(`/stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.')}$`)}`);
    return Number(/: (\d+)\s*$/.exec(text)?.[1] ?? 0);
  };
  return {
    meshPort,
    adminPort,
    pid: child.pid ?? 0,
    admin,
    stat,
    log: () => log,
    untilStat: async (name, condition) => {
      for (;;) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Envoy ended:\n${log}`);
        const value = await stat(name).catch(() => null);
        if (value !== null && condition(value)) return;
        await delay(POLL_MS);
      }
    },
    stop: async () => {
      process.removeListener('exit', killWithUs);
      if (child.exitCode === null && child.signalCode === null) {
        const over = once(child, 'exit');
        child.kill('SIGKILL');
        await over;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
