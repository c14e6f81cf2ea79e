import { Command } from 'commander';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { actionLine } from '../output/event-line.ts';
import { toJson } from '../output/to-json.ts';

export function cancelActionCommand(context: CliContext): Command {
  return new Command('cancel')
    .description('end one action; the same does not begin again for 30 s')
    .argument('<id>', 'as "capmesh actions" shows it')
    .action(async (id: string, _options, command: Command) => {
      const call = invocation(context, command);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.cancelAction, { id }));
      await call.print(
        () => toJson('capmesh.v1.CancelActionResponse', answer),
        () => [
          `ends with the next tick: ${answer.action === undefined ? id : actionLine(answer.action)}`,
          'it does not begin again for 30 s; "capmesh actions pause" keeps all from beginning',
        ],
      );
    });
}
