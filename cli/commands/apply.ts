import { Command } from 'commander';
import { applyMesh } from '../apply-mesh.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { withRollout } from '../output/to-json.ts';
import { waitForRollout } from '../wait-for-rollout.ts';
import { rolloutLines } from './status.ts';

interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: true;
  readonly prune?: true;
  readonly strict?: true;
  readonly wait: boolean;
}

export function applyCommand(context: CliContext): Command {
  return new Command('apply')
    .description('check a mesh file and put it in force, all or nothing')
    .requiredOption('-f, --file <file>', 'the mesh file, YAML or JSON')
    .option('--dry-run', 'check only')
    .option('--prune', 'delete services, workloads and budgets that the file does not name')
    .option('--strict', 'refuse what would bring a gate too close to its threshold, instead of warning of it')
    .option('--no-wait', 'do not wait until every Envoy has it')
    .action(async (_options, command: Command) => {
      const call = invocation<ApplyOptions>(context, command);
      const { file, dryRun = false, prune = false, strict = false, wait } = call.options;
      const { readMeshFile } = await import('../mesh-file.ts');
      const mesh = readMeshFile(context, file);
      await withAdmin(call, async (admin) => {
        const answer = await applyMesh(admin, context, mesh, { dryRun, prune, strict });
        const rollout = wait && answer.applied ? await waitForRollout(admin, answer.revision, context) : undefined;
        const json = () => withRollout('capmesh.v1.ApplyResponse', answer, rollout);
        await call.print(json, () => [
          ...changeLines(answer.changed, dryRun),
          ...(rollout === undefined ? [] : rolloutLines(rollout)),
          ...answer.unenrolled.map((name) => `${name} has no enrolment secret yet: capmesh enrol ${name}`),
        ]);
      });
    });
}

export function changeLines(changed: readonly string[], dryRun: boolean): string[] {
  if (changed.length === 0) return ['nothing to change'];
  return changed.map((path) => `${dryRun ? 'would change' : 'changed'} ${path}`);
}
