import type { ApplyResponse, Rollout } from '../proto/gen/capmesh/v1/admin_service.ts';
import type { Mesh } from '../proto/gen/capmesh/v1/mesh.ts';
import { applyMesh } from './apply-mesh.ts';
import { enrol } from './commands/enrol.ts';
import type { Invocation } from './context.ts';
import { withAdmin } from './grpc-connection.ts';
import { waitForRollout } from './wait-for-rollout.ts';

export interface MeshInForce {
  readonly answer: ApplyResponse;
  /** Secret file of each workload that was enrolled now, by name. */
  readonly enrolled: Readonly<Record<string, string>>;
  readonly rollout: Rollout | undefined;
}

/** Applies a mesh, enrols those of its workloads that are not, and waits until the Envoys have it. */
export function putMeshInForce(call: Invocation<unknown>, mesh: Mesh): Promise<MeshInForce> {
  return withAdmin(call, async (admin) => {
    const answer = await applyMesh(admin, call.context, mesh, { dryRun: false, prune: false, strict: false });
    const enrolled: Record<string, string> = {};
    for (const workload of answer.unenrolled) {
      enrolled[workload] = await enrol(admin, call.state, workload);
    }
    return { answer, enrolled, rollout: await waitForRollout(admin, answer.revision, call.context) };
  });
}
