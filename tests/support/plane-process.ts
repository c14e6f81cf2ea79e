import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { programPath } from '../../demo/program-path.ts';
import { ADMIN_TOKEN } from './api-fixture.ts';
import type { NatsFixture } from './nats-fixture.ts';

export interface PlanePorts {
  readonly xdsPort: number;
  readonly grpcPort: number;
  readonly restPort: number;
}

/** A control plane as a process of its own, on ports that the OS picks. */
export class PlaneProcess {
  readonly child: ChildProcess;
  readonly opened: Promise<PlanePorts>;

  constructor(nats: NatsFixture, stateDir: string, more: readonly string[] = []) {
    const tokenFile = join(nats.folder, 'admin.token');
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(tokenFile, `${ADMIN_TOKEN}\n`, { mode: 0o600 });
    const options = {
      mesh: 'shop',
      'state-dir': stateDir,
      'admin-token-file': tokenFile,
      nats: nats.servers[0] ?? '',
      'nkey-file': nats.seedFile('control-plane'),
      xds: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      rest: '127.0.0.1:0',
    };
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.child = spawn(process.execPath, [programPath('cli/main'), 'control-plane', ...flags, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Its log says on which ports it listens.
      env: { ...process.env, CAPMESH_LOG: 'info' },
    });
    this.opened = this.#ports();
    this.opened.catch(() => {});
  }

  async #ports(): Promise<PlanePorts> {
    for await (const line of createInterface({ input: this.child.stderr as NodeJS.ReadableStream })) {
      const said = line.startsWith('{') ? (JSON.parse(line) as Partial<PlanePorts>) : {};
      if (said.grpcPort !== undefined) {
        this.child.stderr?.resume();
        return said as PlanePorts;
      }
    }
    throw new Error('the control plane ended at its start');
  }

  /** Sends a signal and, where it ends the process, waits for the end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
