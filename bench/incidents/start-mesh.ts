import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProgram, jsonField } from '../../demo/child-program.ts';
import { EmbeddedMesh } from '../../demo/embedded-mesh.ts';
import { programPath } from '../../demo/program-path.ts';

/** 4 workers × 32 ms: 125 calls a second each. */
const SERVICE = ['--workers', '4', '--service-ms', '32', '--thrash', '0.005'];

export interface MeshOfServices {
  readonly mesh: EmbeddedMesh;
  /** What the kernel was told, as `capmesh replay` reads it. */
  readonly recording: string;
}

/** Starts services and a mesh in front of them, with one caller, `load`, and no limit; adds to `stops` how to end each. */
export async function startMesh(
  services: readonly string[],
  folder: string,
  stops: (() => Promise<unknown>)[],
): Promise<MeshOfServices> {
  const endpoints = await Promise.all(
    services.map(async () => {
      const program = new ChildProgram({
        command: process.execPath,
        args: [programPath('demo/overload-service'), ...SERVICE],
      });
      stops.push(() => program.stop());
      return `127.0.0.1:${await program.first(jsonField<number>('port'))}`;
    }),
  );
  const meshFile = join(folder, 'mesh.yaml');
  const document = {
    mesh: 'bench',
    services: Object.fromEntries(services.map((service, i) => [service, { endpoints: [endpoints[i]] }])),
    workloads: { load: {} },
    budgets: { load: Object.fromEntries(services.map((service) => [service, {}])) },
  };
  writeFileSync(meshFile, JSON.stringify(document));
  const recordFolder = join(folder, 'recording');
  const mesh = await EmbeddedMesh.start({ meshFile, stateDir: join(folder, 'state'), recordFolder });
  stops.push(() => mesh.stop());
  return { mesh, recording: join(recordFolder, 'frames.jsonl') };
}
