import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminApi } from '../../demo/admin-api.ts';
import { EmbeddedMesh } from '../../demo/embedded-mesh.ts';
import { requestCapacity } from '../../demo/services/request-capacity.ts';
import { waitFor } from './wait-for.ts';

export interface TopologyOptions {
  /** The mesh as a mesh file would say it. */
  readonly mesh: object;
  /** Default 1. */
  readonly nodes?: number;
  /** Further options of `capmesh up`. */
  readonly upArgs?: readonly string[];
}

/** A running mesh, whatever it runs on. */
export interface Topology {
  readonly envoyUrls: readonly string[];
  readonly envoyAdminUrls: readonly string[];
  readonly capacityAddress: string;
  readonly stateDir: string;
  readonly admin: AdminApi;
  /** Process ids of its parts by name. */
  pids(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** A connection of its own to the Admin API: one that lost its server waits before it tries again. */
export const connectAdmin = ({ capacityAddress, stateDir }: Topology): AdminApi =>
  new AdminApi(capacityAddress, readFileSync(join(stateDir, 'admin.token'), 'utf8').trim());

/** Starts a mesh as child processes of `capmesh up`, with a state folder of its own. */
export async function startProcesses(options: TopologyOptions): Promise<Topology> {
  const { nodes = 1, upArgs = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-test-'));
  const meshFile = join(folder, 'mesh.yaml');
  writeFileSync(meshFile, JSON.stringify(options.mesh));
  try {
    const mesh = await EmbeddedMesh.start({ meshFile, stateDir: join(folder, 'state'), nodes, upArgs });
    const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
    const addresses = Array.from({ length: nodes }, (_, index) => mesh.node(index));
    return {
      envoyUrls: addresses.map(({ meshPort }) => `http://127.0.0.1:${meshPort}`),
      envoyAdminUrls: addresses.map(({ adminPort }) => `http://127.0.0.1:${adminPort}`),
      capacityAddress: mesh.grpcAddress,
      stateDir: mesh.stateDir,
      admin,
      pids: () => mesh.pids(),
      stop: async () => {
        admin.close();
        await mesh.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A token of a workload, as the Capacity API grants it. */
export async function requestToken(topology: Topology, workload: string, lifetimeSeconds = 600): Promise<string> {
  return waitFor(`a token for ${workload}`, async () => {
    const answer = await requestCapacity({
      address: topology.capacityAddress,
      workload,
      secret: readFileSync(join(topology.stateDir, 'credentials', `${workload}.secret`), 'utf8').trim(),
      lifetimeSeconds,
    });
    return answer.admitted && answer.capacityToken;
  });
}

/** Value of one of Envoy's counters or gauges; 0 while Envoy does not have it. */
export async function envoyStat(adminUrl: string, name: string): Promise<number> {
  const filter = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const answer = await fetch(`${adminUrl}/stats?format=json&filter=${encodeURIComponent(`^${filter}$`)}`);
  const { stats } = (await answer.json()) as { stats: { name?: string; value?: number }[] };
  return stats.find((stat) => stat.name === name)?.value ?? 0;
}
