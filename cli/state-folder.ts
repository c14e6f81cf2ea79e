import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MeshPorts } from '../platform/ports.ts';
import { writePrivate } from '../platform/write-private.ts';

/** What a running `capmesh up` leaves for the other commands. */
export interface RunningMesh {
  readonly pid: number;
  readonly mesh: string;
  readonly ports: MeshPorts;
  /** Ports of the example services by their name; empty without `--example`. */
  readonly examples: Readonly<Record<string, number>>;
  /** Process ids of its children by name. */
  readonly pids: Readonly<Record<string, number>>;
}

/** Local state of an embedded mesh. Folders are 0700 and files 0600: they hold credentials. */
export class StateFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Path inside the folder; makes no folder. */
  in(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  get adminTokenFile(): string {
    return this.in('admin.token');
  }

  credentialFile(workload: string): string {
    return this.in('credentials', `${workload}.secret`);
  }

  tokenFile(workload: string): string {
    return this.in('tokens', `${workload}.json`);
  }

  makeFolder(...parts: string[]): string {
    const folder = this.in(...parts);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** The running mesh, or `null` when none has left word. */
  running(): RunningMesh | null {
    const text = readIfExists(this.in('up.json'));
    return text === null ? null : (JSON.parse(text) as RunningMesh);
  }

  writeRunning(running: RunningMesh): void {
    writePrivate(this.in('up.json'), `${JSON.stringify(running, null, 2)}\n`);
  }

  clearRunning(): void {
    rmSync(this.in('up.json'), { force: true });
  }

  /** Makes the admin token unless there is one: 256 random bits. */
  ensureAdminToken(): string {
    if (readIfExists(this.adminTokenFile) === null) {
      writePrivate(this.adminTokenFile, `${randomBytes(32).toString('base64url')}\n`);
    }
    return this.adminTokenFile;
  }
}

/** Content of a file, `null` when there is none. */
export function readIfExists(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
