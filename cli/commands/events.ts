import { type ServiceError, status } from '@grpc/grpc-js';
import { Command } from 'commander';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type CliContext, invocation } from '../context.ts';
import { serverAddress, toCliError, withAdmin } from '../grpc-connection.ts';
import { eventLine } from '../output/event-line.ts';
import { parseDurationMs, parseInteger } from '../parse-options.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly after?: number;
  readonly since?: number;
  readonly workload?: string;
  readonly service?: string;
  readonly gate?: string;
}

export function eventsCommand(context: CliContext): Command {
  return new Command('events')
    .description('what happened: verdicts, actions, grants, edits')
    .option('-f, --follow', 'go on with new events until ^C')
    .option('--after <sequence>', 'start after this event', parseInteger)
    .option('--since <time>', 'start with the events of the last 10m, 2h, …; a week is kept', parseDurationMs)
    .option('--workload <name>', 'only of this workload')
    .option('--service <name>', 'only about this service')
    .option('--gate <name>', 'only where this gate is named: fit, gluing, uv or isolation')
    .action(async (_options, command: Command) => {
      const call = invocation<EventsOptions>(context, command);
      const { follow = false, after, since = 0, workload = '', service = '', gate = '', json } = call.options;
      const format = json ? await jsonLine() : eventLine;
      await withAdmin(call, async ({ client, metadata }) => {
        const where = { afterSequence: after ?? 0, sinceMs: since, fromStart: !follow && (after ?? 0) === 0 };
        const filter = { workload, service, gate, storedOnly: !follow };
        const stream = client.watchEvents({ ...where, ...filter }, metadata);
        context.signal.addEventListener('abort', () => stream.cancel(), { once: true });
        stream.on('data', (event: CapacityEvent) => context.out(format(event)));
        await new Promise<void>((resolve, reject) => {
          stream.on('end', resolve);
          stream.on('error', (error: ServiceError) => {
            if (error.code === status.CANCELLED) resolve();
            else reject(toCliError(error, serverAddress(call)));
          });
        });
      });
    });
}

async function jsonLine(): Promise<(event: CapacityEvent) => string> {
  const { messageToJson } = await import('../../platform/message-json.ts');
  return (event) => JSON.stringify(messageToJson('capmesh.v1.CapacityEvent', event));
}
