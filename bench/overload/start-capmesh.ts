import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedMesh } from '../../demo/embedded-mesh.ts';
import type { Target } from './run-traffic.ts';

export interface RunningCapmesh {
  readonly target: Target;
  readonly mesh: EmbeddedMesh;
  readonly stop: () => Promise<unknown>;
}

/** Starts Capmesh in front of the service: no limit, only a budget line for the caller. */
export async function startCapmesh(servicePort: number, folder: string): Promise<RunningCapmesh> {
  const meshFile = join(folder, 'mesh.yaml');
  writeFileSync(
    meshFile,
    [
      'mesh: bench',
      `services: { payment: { endpoints: ["127.0.0.1:${servicePort}"] } }`,
      'workloads: { load: {} }',
      'budgets: { load: { payment: {} } }',
      '',
    ].join('\n'),
  );
  const mesh = await EmbeddedMesh.start({ meshFile, stateDir: join(folder, 'state') });
  const target: Target = {
    port: mesh.node(0).meshPort,
    authority: 'payment',
    identity: { capacityAddress: mesh.grpcAddress, workload: 'load', secretFile: mesh.secretFile('load') },
  };
  return { target, mesh, stop: () => mesh.stop() };
}
