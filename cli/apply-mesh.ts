import type { AdminClient, ApplyResponse } from '../proto/gen/capmesh/v1/admin_service.ts';
import type { Mesh } from '../proto/gen/capmesh/v1/mesh.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { CliContext } from './context.ts';
import type { Connection } from './grpc-connection.ts';
import { conflictLine, problemLines } from './output/problem-lines.ts';

export interface ApplyMode {
  /** Check only. */
  readonly dryRun: boolean;
  /** Delete what the mesh does not name. */
  readonly prune: boolean;
  /** Refuse what would bring a gate too close to its threshold. */
  readonly strict: boolean;
}

/** Sends a mesh; prints warnings on stderr and throws with everything that is wrong with it. */
export async function applyMesh(
  admin: Connection<AdminClient>,
  context: CliContext,
  mesh: Mesh,
  mode: ApplyMode,
): Promise<ApplyResponse> {
  const answer = await admin.call(admin.client.apply, { mesh, ...mode });
  for (const line of problemLines('warning', answer.warnings)) context.err(line);
  if (answer.problems.length > 0 || answer.conflicts.length > 0) {
    const lines = [...problemLines('error', answer.problems), ...answer.conflicts.map(conflictLine)];
    throw new CliError(EXIT.refused, lines.join('\n'), 'Nothing was changed.');
  }
  return answer;
}
