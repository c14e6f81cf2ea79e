import { Command, Option } from 'commander';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { controlLines } from '../output/control-lines.ts';
import { toJson } from '../output/to-json.ts';
import { parseDurationMs } from '../parse-options.ts';

export function pauseActionsCommand(context: CliContext): Command {
  return new Command('pause')
    .description('let no action begin for a while; those that run go on')
    .addOption(
      new Option('--for <time>', '1s to 24h; a pause always ends by itself')
        .argParser(parseDurationMs)
        .default(600_000, '10m'),
    )
    .action(async (_options, command: Command) => {
      const call = invocation<{ for: number }>(context, command);
      const request = { safeMode: undefined, pauseFor: secondsAndNanos(call.options.for), resume: false };
      const control = await withAdmin(call, (admin) => admin.call(admin.client.setActionControl, request));
      await call.print(
        () => toJson('capmesh.v1.ActionControl', control),
        () => controlLines(control),
      );
    });
}
