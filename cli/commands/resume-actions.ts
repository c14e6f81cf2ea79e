import { Command } from 'commander';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { controlLines } from '../output/control-lines.ts';
import { toJson } from '../output/to-json.ts';

export function resumeActionsCommand(context: CliContext): Command {
  return new Command('resume')
    .description('end a pause: actions may begin again')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const request = { safeMode: undefined, pauseFor: undefined, resume: true };
      const control = await withAdmin(call, (admin) => admin.call(admin.client.setActionControl, request));
      await call.print(
        () => toJson('capmesh.v1.ActionControl', control),
        () => (control.safeMode ? controlLines(control) : ['actions may begin again']),
      );
    });
}
