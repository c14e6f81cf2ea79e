import { Command } from 'commander';
import { nearestWord } from '../../platform/nearest-word.ts';
import type { Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { sizeWords } from '../output/action-words.ts';
import { controlLines } from '../output/control-lines.ts';
import { formatDuration } from '../output/format-duration.ts';
import { formatNumber } from '../output/format-number.ts';
import { table } from '../output/table.ts';
import { msOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';
import { cancelActionCommand } from './cancel-action.ts';
import { pauseActionsCommand } from './pause-actions.ts';
import { resumeActionsCommand } from './resume-actions.ts';

export function actionsCommand(context: CliContext): Command {
  return new Command('actions')
    .description('what is done to keep services stable; pause or cancel it')
    .addCommand(listCommand(context), { isDefault: true })
    .addCommand(pauseActionsCommand(context))
    .addCommand(resumeActionsCommand(context))
    .addCommand(cancelActionCommand(context));
}

/** A word that is no command comes to the default one as an argument. */
function refuseWords({ args, parent }: Command): void {
  const [word] = args;
  if (word === undefined) return;
  const names = (parent?.commands ?? []).map((command) => command.name());
  const meant = nearestWord(word, names);
  const hint = meant === null ? `Commands: ${names.join(', ')}.` : `Did you mean ${meant}?`;
  throw new CliError(EXIT.usage, `unknown command "actions ${word}"`, hint);
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('running actions, each with the verdict that it answers (default)')
    .allowExcessArguments()
    .action(async (_options, command: Command) => {
      refuseWords(command);
      const call = invocation(context, command);
      const status = await withAdmin(call, (admin) => admin.call(admin.client.getStatus, {}));
      await call.print(
        async () => {
          const { control, actions } = await toJson('capmesh.v1.Status', status);
          return { control, actions };
        },
        () => actionsLines(status),
      );
    });
}

export function actionsLines({ actions, control, at }: Status): string[] {
  const nowMs = msOf(at);
  if (actions.length === 0) return [...controlLines(control), 'no action is running'];
  const span = (ms: number): string => formatDuration(Math.max(0, ms));
  const rows = table<StabilityAction>(actions, [
    { title: 'ID', value: (row) => row.id },
    { title: 'SERVICE', value: (row) => row.service },
    { title: 'ACTION', value: (row) => row.kind },
    { title: 'TARGET', value: (row) => row.target },
    { title: 'SIZE', value: sizeWords },
    { title: 'GATE', value: (row) => row.gate },
    { title: 'U', value: (row) => formatNumber(row.ratio), right: true },
    { title: 'AGE', value: (row) => span(nowMs - msOf(row.startedAt)), right: true },
    { title: 'ENDS IN', value: (row) => span(msOf(row.expiresAt) - nowMs), right: true },
    { title: 'SHADOW', value: (row) => (row.shadow ? 'yes' : 'no') },
  ]);
  return [...controlLines(control), ...rows];
}
