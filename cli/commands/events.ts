import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Command, InvalidArgumentError } from 'commander';
import type { AdminClient, WatchEventsRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type CliContext, invocation } from '../context.ts';
import { type Connection, serverAddress, toCliError, withAdmin } from '../grpc-connection.ts';
import { eventLine } from '../output/event-line.ts';
import { parseDurationMs, parseInteger } from '../parse-options.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly after?: number;
  readonly since?: Since;
  readonly workload?: string;
  readonly service?: string;
  readonly gate?: string;
  readonly action?: string;
}

/** Header of the answer: the sequence that the watch begins after. */
const AFTER_HEADER = 'capmesh-after-sequence';
const RETRY_MS = 1000;

export function eventsCommand(context: CliContext): Command {
  return new Command('events')
    .description('what happened: verdicts, actions, grants, edits')
    .option('-f, --follow', 'go on with new events until ^C, also when the control plane was away')
    .option('--after <sequence>', 'start after this event', parseInteger)
    .option(
      '--since <when>',
      'start after this event, or with the events of the last 10m, 2h, …; a week is kept',
      parseSince,
    )
    .option('--workload <name>', 'only of this workload')
    .option('--service <name>', 'only about this service')
    .option('--gate <name>', 'only where this gate is named: fit, gluing, uv or isolation')
    .option('--action <kind>', 'only actions of this kind, such as limit-concurrency')
    .action(async (_options, command: Command) => {
      const call = invocation<EventsOptions>(context, command);
      const format = call.options.json ? await jsonLine() : eventLine;
      const out = (event: CapacityEvent): void => context.out(format(event));
      await withAdmin(call, (admin) => follow(admin, context, serverAddress(call), firstRequest(call.options), out));
    });
}

function firstRequest(options: EventsOptions): WatchEventsRequest {
  const { follow = false, workload = '', service = '', gate = '', action = '' } = options;
  const { since = {} } = options;
  const afterSequence = options.after ?? since.afterSequence ?? 0;
  const where = { afterSequence, sinceMs: since.ms ?? 0, fromStart: !follow && afterSequence === 0 };
  return { ...where, workload, service, gate, action, storedOnly: !follow };
}

/** Reads to the end, or on and on: then it goes on behind the last event when the control plane was away. */
async function follow(
  admin: Connection<AdminClient>,
  { signal, err }: CliContext,
  address: string,
  first: WatchEventsRequest,
  out: (event: CapacityEvent) => void,
): Promise<void> {
  let request = first;
  for (;;) {
    const { error, position } = await readOnce(admin, request, signal, out);
    if (error === null || error.code === status.CANCELLED || signal.aborted) return;
    if (position !== null) request = { ...first, afterSequence: position, sinceMs: 0, fromStart: position === 0 };
    const canGoOn = !first.storedOnly && error.code === status.UNAVAILABLE && request !== first;
    if (!canGoOn) throw toCliError(error, address);
    if (position !== null) err(`capmesh: the connection was lost; going on after event ${position}`);
    await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
}

interface Reading {
  /** `null` = the stream ended. */
  readonly error: ServiceError | null;
  /** Sequence that everything was read up to; `null` = it was not told. */
  readonly position: number | null;
}

function readOnce(
  { client, metadata }: Connection<AdminClient>,
  request: WatchEventsRequest,
  signal: AbortSignal,
  out: (event: CapacityEvent) => void,
): Promise<Reading> {
  let position: number | null = null;
  const stream = client.watchEvents(request, metadata);
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  stream.on('metadata', (head) => {
    const [after] = head.get(AFTER_HEADER);
    if (after !== undefined) position = Number(after);
  });
  stream.on('data', (event: CapacityEvent) => {
    position = event.sequence;
    out(event);
  });
  return new Promise<Reading>((resolve) => {
    stream.on('end', () => resolve({ error: null, position }));
    stream.on('error', (error: ServiceError) => resolve({ error, position }));
  }).finally(() => signal.removeEventListener('abort', cancel));
}

interface Since {
  readonly afterSequence?: number;
  readonly ms?: number;
}

/** `41`: an event; `10m`: a time. */
function parseSince(text: string): Since {
  if (/^\d+$/.test(text)) return { afterSequence: parseInteger(text) };
  if (!/[a-z]$/.test(text)) throw new InvalidArgumentError('Give the sequence of an event, or a time such as 10m.');
  return { ms: parseDurationMs(text) };
}

async function jsonLine(): Promise<(event: CapacityEvent) => string> {
  const { messageToJson } = await import('../../platform/message-json.ts');
  return (event) => JSON.stringify(messageToJson('capmesh.v1.CapacityEvent', event));
}
