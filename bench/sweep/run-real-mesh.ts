import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gateWord } from '../../cli/output/gate-word.ts';
import { GATES, type GateStatus } from '../../core/gates/gate-state.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { CALM_SHARE, type SweepSettings } from '../../core/sweep/evaluate-point.ts';
import type { GateLook } from '../../core/sweep/judge-looks.ts';
import type { SweepScenario } from '../../core/sweep/sweep-scenario.ts';
import { AdminApi } from '../../demo/admin-api.ts';
import { demoMeshFile } from '../../demo/demo-mesh-file.ts';
import { EmbeddedMesh } from '../../demo/embedded-mesh.ts';
import { Shop } from '../../demo/shop.ts';
import { formatMeshFile } from '../../platform/mesh-file.ts';
import type { Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { startCaller } from '../neighbour/start-caller.ts';

/** Traffic goes on so long after the last look. */
const TAIL_SEC = 5;

/**
 * The demo's services behind real Envoys, taken through what the sweep simulates:
 * calm, then the load, and a look at every gate once a second when it has settled.
 */
export async function runRealMesh(
  config: MeshConfig,
  scenario: SweepScenario,
  settings: SweepSettings,
): Promise<GateLook[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-sweep-'));
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const { mesh, admin } = await startDemo(config, scenario.nodes, folder, stops);
    const { calmSec, settleSec, judgeSec, seed } = settings;
    const callers = scenario.load.map(({ workload, service, rps }, i) => {
      const phases = `calm:${calmSec}:${CALM_SHARE * rps},load:${settleSec + judgeSec + TAIL_SEC}:RATE`;
      return startCaller(mesh, workload, phases, rps, seed + i, service);
    });
    for (const caller of callers) stops.push(() => caller.stop());
    await Promise.all(callers.map(({ started }) => started));
    await delay(1000 * (calmSec + settleSec));
    const looks: GateLook[][] = [];
    for (let second = 0; second < judgeSec; second++) {
      await delay(1000);
      looks.push(lookAt(await admin.status()));
    }
    return looks;
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startDemo(
  config: MeshConfig,
  nodes: number,
  folder: string,
  stops: (() => Promise<unknown>)[],
): Promise<{ readonly mesh: EmbeddedMesh; readonly admin: AdminApi }> {
  const written = join(folder, 'mesh.yaml');
  writeFileSync(written, formatMeshFile(config));
  const meshFile = await demoMeshFile(written, join(folder, 'free-ports.yaml'));
  const mesh = await EmbeddedMesh.start({
    meshFile: meshFile.path,
    nodes,
    stateDir: join(folder, 'state'),
    onStarted: (stop) => stops.push(stop),
  });
  const shop = new Shop(mesh, meshFile.ports);
  stops.push(() => shop.stop());
  await shop.start();
  const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
  stops.push(async () => admin.close());
  return { mesh, admin };
}

const lookAt = ({ services }: Status): GateLook[] =>
  services.flatMap(({ service, gates }) =>
    GATES.map((gate): GateLook => {
      const word = gateWord(gates?.[gate]);
      const status = word === 'N/A' ? 'NOT_APPLICABLE' : (word as GateStatus);
      return { service, gate, status, ratio: gates?.[gate]?.ratio ?? null };
    }),
  );
