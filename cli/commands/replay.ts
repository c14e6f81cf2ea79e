import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { type EventDifference, firstDifference } from '../../core/kernel/compare-events.ts';
import type { CapacityEventRecord } from '../../core/kernel/kernel-io.ts';
import { KernelReplay, RecordingError, readInput } from '../../core/kernel/kernel-recording.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';

interface ReplayOptions {
  readonly from: string;
  readonly expect?: string;
}

export function replayCommand(context: CliContext): Command {
  return new Command('replay')
    .description('decide again what a recording says was decided, without a mesh, and compare')
    .requiredOption('--from <file>', 'inputs of the kernel: frames.jsonl of a recording')
    .option('--expect <file>', 'events that have to come of it: events.jsonl; default: only show what comes')
    .addHelpText('after', '\nExit code 1: the events differ; the first difference is shown.')
    .action(async (_options, command: Command) => {
      const call = invocation<ReplayOptions>(context, command);
      const { from, expect } = call.options;
      const replayed = await replay(resolve(context.cwd, from));
      const expected = expect === undefined ? null : await readEvents(resolve(context.cwd, expect));
      const difference = expected === null ? null : firstDifference(expected, replayed.events);
      await call.print(
        () => ({
          equal: expected === null ? null : difference === null,
          ticks: replayed.ticks,
          events: expected === null ? replayed.events : replayed.events.length,
          difference,
        }),
        () => lines(replayed, expected, difference),
      );
      if (difference !== null) throw new CliError(EXIT.refused, `event ${difference.position} differs`);
    });
}

interface Replayed {
  readonly ticks: number;
  readonly events: readonly CapacityEventRecord[];
}

async function replay(path: string): Promise<Replayed> {
  const kernel = new KernelReplay();
  const events: CapacityEventRecord[] = [];
  await eachLine(path, (line) => events.push(...kernel.take(readInput(line))));
  return { ticks: kernel.ticks, events };
}

async function readEvents(path: string): Promise<CapacityEventRecord[]> {
  const events: CapacityEventRecord[] = [];
  await eachLine(path, (line) => {
    const event = JSON.parse(line) as Partial<CapacityEventRecord> | null;
    if (typeof event?.gates !== 'object') throw new RecordingError('it is no event');
    events.push(event as CapacityEventRecord);
  });
  return events;
}

async function eachLine(path: string, take: (line: string) => void): Promise<void> {
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (line !== '') take(line);
    }
  } catch (error) {
    const isFile = error instanceof Error && 'code' in error;
    if (!isFile && !(error instanceof RecordingError) && !(error instanceof SyntaxError)) throw error;
    throw new CliError(EXIT.usage, `${path}${isFile ? '' : ` line ${number}`}: ${(error as Error).message}`);
  }
}

function lines(
  { ticks, events }: Replayed,
  expected: readonly CapacityEventRecord[] | null,
  difference: EventDifference | null,
): string[] {
  const summary = `${ticks} ticks, ${events.length} events`;
  if (expected === null) {
    return [...events.map(({ kind, workloadId, message }) => `${kind}  ${workloadId}  ${message}`), summary];
  }
  if (difference === null) return [`${summary}: every event as expected`];
  const { position, fields } = difference;
  const told = (event: EventDifference['expected'], only: readonly string[]): string =>
    event === null
      ? 'no event'
      : Object.entries(event)
          .filter(([name]) => only.length === 0 || only.includes(name) || ALWAYS.has(name))
          .map(([name, value]) => `${name}=${String(value)}`)
          .join(' ');
  return [
    `${summary}; ${expected.length} expected; event ${position} is the first that differs`,
    `- expected  ${told(difference.expected, fields)}`,
    `+ replayed  ${told(difference.actual, fields)}`,
  ];
}

const ALWAYS: ReadonlySet<string> = new Set(['workloadId', 'service', 'kind']);
