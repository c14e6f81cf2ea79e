import { type ServiceError, status } from '@grpc/grpc-js';
import { Command } from 'commander';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type CliContext, invocation } from '../context.ts';
import { serverAddress, toCliError, withAdmin } from '../grpc-connection.ts';
import { eventLine } from '../output/event-line.ts';
import { parseInteger } from '../parse-options.ts';

/** Without --follow: how long the stream may be silent before its stored part counts as read, ms. */
const SILENCE_MS = 500;

interface EventsOptions {
  readonly follow?: true;
  readonly after?: number;
  readonly workload?: string;
  readonly gate?: string;
}

export function eventsCommand(context: CliContext): Command {
  return new Command('events')
    .description('what happened: verdicts, actions, grants, edits')
    .option('-f, --follow', 'go on with new events until ^C')
    .option('--after <sequence>', 'start after this event', parseInteger)
    .option('--workload <name>', 'only of this workload')
    .option('--gate <name>', 'only where this gate is named: fit, gluing, uv or isolation')
    .action(async (_options, command: Command) => {
      const call = invocation<EventsOptions>(context, command);
      const { follow, after, workload = '', gate = '', json } = call.options;
      const format = json ? await jsonLine() : eventLine;
      await withAdmin(call, async ({ client, metadata }) => {
        const fromStart = after === undefined && !follow;
        const stream = client.watchEvents({ afterSequence: after ?? 0, workload, gate, fromStart }, metadata);
        const cancel = (): void => stream.cancel();
        context.signal.addEventListener('abort', cancel, { once: true });
        const silence = follow ? undefined : setTimeout(cancel, SILENCE_MS);
        stream.on('data', (event: CapacityEvent) => {
          silence?.refresh();
          context.out(format(event));
        });
        await new Promise<void>((resolve, reject) => {
          stream.on('end', resolve);
          stream.on('error', (error: ServiceError) => {
            if (error.code === status.CANCELLED) resolve();
            else reject(toCliError(error, serverAddress(call)));
          });
        });
        clearTimeout(silence);
      });
    });
}

async function jsonLine(): Promise<(event: CapacityEvent) => string> {
  const { messageToJson } = await import('../../platform/message-json.ts');
  return (event) => JSON.stringify(messageToJson('capmesh.v1.CapacityEvent', event));
}
