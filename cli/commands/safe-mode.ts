import { Command } from 'commander';
import type { ActionControl } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { controlLines } from '../output/control-lines.ts';
import { toJson } from '../output/to-json.ts';

export function safeModeCommand(context: CliContext): Command {
  return new Command('safe-mode')
    .description('end all actions and let none begin, while budgets stay in force')
    .addCommand(switchCommand(context, 'on', true))
    .addCommand(switchCommand(context, 'off', false))
    .addCommand(statusCommand(context));
}

function switchCommand(context: CliContext, name: string, safeMode: boolean): Command {
  return new Command(name)
    .description(safeMode ? 'end all actions and let none begin' : 'let actions begin again')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const request = { safeMode, pauseFor: undefined, resume: false };
      const control = await withAdmin(call, (admin) => admin.call(admin.client.setActionControl, request));
      await printControl(call, control);
    });
}

function statusCommand(context: CliContext): Command {
  return new Command('status').description('whether safe mode is on').action(async (_options, command: Command) => {
    const call = invocation(context, command);
    const { control } = await withAdmin(call, (admin) => admin.call(admin.client.getStatus, {}));
    await printControl(call, control ?? { safeMode: false, pausedUntil: undefined });
  });
}

const printControl = (call: Invocation<unknown>, control: ActionControl): Promise<void> =>
  call.print(
    () => toJson('capmesh.v1.ActionControl', control),
    () => [...(control.safeMode ? [] : ['safe mode is off']), ...controlLines(control)],
  );
