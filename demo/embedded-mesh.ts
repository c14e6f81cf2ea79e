import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProgram, jsonField } from './child-program.ts';
import { programPath } from './program-path.ts';

export interface EmbeddedMeshOptions {
  readonly stateDir: string;
  readonly meshFile: string;
  /** Envoys with their sidecars; default 1. */
  readonly nodes?: number;
  /** Further options of `capmesh up`. */
  readonly upArgs?: readonly string[];
  readonly onProgress?: (line: string) => void;
  /** Told at once how to stop what has been started, should the caller not want to wait until it serves. */
  readonly onStarted?: (stop: () => Promise<unknown>) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder for a recording of every decision, for `capmesh replay`. */
  readonly recordFolder?: string | undefined;
}

export interface NodeAddress {
  readonly meshPort: number;
  readonly adminPort: number;
}

/** What `capmesh up` writes to `up.json`, as far as it is needed here. */
interface UpFile {
  readonly pid: number;
  readonly ports: {
    readonly grpc: number;
    readonly rest: number;
    readonly nodes: readonly { readonly mesh: number; readonly admin: number }[];
  };
  readonly pids: Readonly<Record<string, number>>;
}

/** A mesh run by `capmesh up` as a child process, on ports that the system chose. */
export class EmbeddedMesh {
  readonly stateDir: string;
  private readonly program: ChildProgram;

  private constructor(program: ChildProgram, stateDir: string) {
    this.program = program;
    this.stateDir = stateDir;
  }

  /** Resolves once the mesh serves; rejects, with nothing left running, when it does not come up. */
  static async start(options: EmbeddedMeshOptions): Promise<EmbeddedMesh> {
    const { stateDir, meshFile, nodes = 1, onProgress = () => {}, env = {}, recordFolder, upArgs = [] } = options;
    const program = new ChildProgram({
      command: process.execPath,
      args: [
        programPath('cli/main'),
        ...['up', '--state-dir', stateDir, '--port-base', '0', '--mesh-file', meshFile],
        ...['--nodes', `${nodes}`, '--json'],
        ...upArgs,
        ...(recordFolder === undefined ? [] : ['--record', recordFolder]),
      ],
      env,
      onLine: onProgress,
      graceMs: 30_000,
    });
    options.onStarted?.(() => program.stop());
    try {
      await program.first((line) => jsonField<string>('event')(line) === 'ready' || undefined);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return new EmbeddedMesh(program, stateDir);
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.upFile().ports.grpc}`;
  }

  get restUrl(): string {
    return `http://127.0.0.1:${this.upFile().ports.rest}`;
  }

  /** Where each Envoy serves the mesh. */
  get meshPorts(): number[] {
    return this.upFile().ports.nodes.map(({ mesh }) => mesh);
  }

  node(index: number): NodeAddress {
    const ports = this.upFile().ports.nodes[index];
    if (!ports) throw new Error(`there is no node ${index}`);
    return { meshPort: ports.mesh, adminPort: ports.admin };
  }

  /** Process ids by name, `up` among them; they change when a process was restarted. */
  pids(): Readonly<Record<string, number>> {
    const { pid, pids } = this.upFile();
    return { ...pids, up: pid };
  }

  adminToken(): string {
    return readFileSync(join(this.stateDir, 'admin.token'), 'utf8').trim();
  }

  get secretsDir(): string {
    return join(this.stateDir, 'credentials');
  }

  secretFile(workload: string): string {
    return join(this.secretsDir, `${workload}.secret`);
  }

  /** Resolves when `up` and all its children are gone. */
  stop(): Promise<number | NodeJS.Signals> {
    return this.program.stop();
  }

  private upFile(): UpFile {
    return JSON.parse(readFileSync(join(this.stateDir, 'up.json'), 'utf8')) as UpFile;
  }
}
