import { Command } from 'commander';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { toJson } from '../output/to-json.ts';

export function revokeCommand(context: CliContext): Command {
  return new Command('revoke')
    .description('make every token of a workload invalid; it may ask for new ones')
    .argument('<workload>', 'who calls')
    .action(async (workload: string, _options, command: Command) => {
      const call = invocation(context, command);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.revokeWorkload, { workload }));
      await call.print(
        () => toJson('capmesh.v1.RevokeWorkloadResponse', answer),
        () => [`every token of ${workload} up to generation ${answer.generation - 1} is refused from now on`],
      );
    });
}
