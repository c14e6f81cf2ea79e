import type { ServiceError } from '@grpc/grpc-js';
import { Command, Option } from 'commander';
import { nearestWord } from '../../platform/nearest-word.ts';
import type { AdminClient, Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { type Connection, serverAddress, toCliError, withAdmin } from '../grpc-connection.ts';
import { formatDuration } from '../output/format-duration.ts';
import { msOf } from '../output/time-of.ts';
import { parseDurationMs } from '../parse-options.ts';
import { collectWhy, type Subject, subjectOf } from '../why/collect-why.ts';
import { ToldActions } from '../why/told-actions.ts';
import { whyJson } from '../why/why-json.ts';
import { whyLines } from '../why/why-lines.ts';

interface WhyOptions {
  readonly since: number;
}

export function whyCommand(context: CliContext): Command {
  return new Command('why')
    .description('why something is being limited or refused, or was a while ago')
    .argument('[subject]', 'a service, or the id of an action; default: everything')
    .addOption(
      new Option('--since <time>', 'how far back events are read; a week is kept')
        .argParser(parseDurationMs)
        .default(900_000, '15m'),
    )
    .action(async (word: string | undefined, _options, command: Command) => {
      const call = invocation<WhyOptions>(context, command);
      const { since } = call.options;
      const { status, told } = await withAdmin(call, async (admin) => {
        const now = await admin.call(admin.client.getStatus, {});
        const isService = now.services.some((each) => each.service === word);
        return { status: now, told: await toldActions(call, admin, isService ? (word ?? '') : '') };
      });
      const subject: Subject | null = word === undefined ? { kind: 'mesh' } : subjectOf(word, status, told);
      if (subject === null) throw unknownSubject(word ?? '', status, since);
      const why = collectWhy(subject, status, told);
      await call.print(
        () => whyJson(why),
        () => whyLines(why, { subject, sinceMs: since, nowMs: msOf(status.at) }),
      );
    });
}

async function toldActions(
  call: Invocation<WhyOptions>,
  { client, metadata }: Connection<AdminClient>,
  service: string,
): Promise<ToldActions> {
  const where = { afterSequence: 0, fromStart: false, sinceMs: call.options.since, storedOnly: true };
  const stream = client.watchEvents({ ...where, workload: '', service, gate: '', action: '' }, metadata);
  call.context.signal.addEventListener('abort', () => stream.cancel(), { once: true });
  const told = new ToldActions();
  try {
    for await (const event of stream as AsyncIterable<CapacityEvent>) told.take(event);
  } catch (error) {
    throw toCliError(error as ServiceError, serverAddress(call));
  }
  return told;
}

function unknownSubject(word: string, { services, actions }: Status, sinceMs: number): CliError {
  const names = services.map(({ service }) => service);
  const meant = nearestWord(word, [...names, ...actions.map(({ id }) => id)]);
  return new CliError(
    EXIT.refused,
    `"${word}" is no service of this mesh, and no action of the last ${formatDuration(sinceMs)}`,
    meant === null
      ? `Services: ${names.join(', ') || 'none'}. Look further back with --since.`
      : `Did you mean ${meant}?`,
  );
}
