import { mkdirSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { Command } from 'commander';
import type { RecordedText } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { serverAddress, toCliError, withAdmin } from '../grpc-connection.ts';
import { parseDurationMs } from '../parse-options.ts';

interface RecordOptions {
  readonly out?: string;
  readonly frames?: string;
  readonly events?: string;
  readonly since: number;
}

export function recordCommand(context: CliContext): Command {
  return new Command('record')
    .description('write what the kernel was told and what it decided to files, for replay')
    .option('--out <folder>', 'for frames.jsonl and events.jsonl')
    .option('--frames <file>', 'inputs of the kernel, one JSON object a line')
    .option('--events <file>', 'events that it emitted, one JSON object a line')
    .option('--since <time>', 'how far back; 10 minutes are kept', parseDurationMs, 600_000)
    .action(async (_options, command: Command) => {
      const call = invocation<RecordOptions>(context, command);
      const paths = pathsOf(call);
      const files = { frames: openFile(paths.frames), events: openFile(paths.events) };
      const counts = { frames: 0, events: 0, leftOut: 0 };
      await withAdmin(call, async ({ client, metadata }) => {
        const stream = client.record({ sinceMs: call.options.since }, metadata);
        context.signal.addEventListener('abort', () => stream.cancel(), { once: true });
        try {
          for await (const { file, text, leftOut } of stream as AsyncIterable<RecordedText>) {
            const name = file === 'events' ? 'events' : 'frames';
            counts[name] += text.endsWith('\n') ? 1 : 0;
            counts.leftOut += leftOut;
            writeSync(files[name], text);
          }
        } catch (error) {
          throw toCliError(error as ServiceError, serverAddress(call));
        }
      });
      await call.print(
        () => ({ ...paths, inputs: counts.frames, events: counts.events, ticksLeftOut: counts.leftOut }),
        () => [
          `${counts.frames} inputs → ${paths.frames}`,
          `${counts.events} events → ${paths.events}`,
          ...(counts.leftOut === 0 ? [] : [`${counts.leftOut} ticks could not be told whole and are left out`]),
        ],
      );
    });
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new CliError(EXIT.usage, `${path} cannot be written: ${(error as Error).message}`);
  }
}

function pathsOf({ context, options }: Invocation<RecordOptions>): { frames: string; events: string } {
  const { out, frames, events } = options;
  if (out === undefined && (frames === undefined || events === undefined)) {
    throw new CliError(EXIT.usage, 'say where to: --out <folder>, or --frames <file> and --events <file>');
  }
  const folder = resolve(context.cwd, out ?? '.');
  if (out !== undefined) mkdirSync(folder, { recursive: true });
  return {
    frames: frames === undefined ? join(folder, 'frames.jsonl') : resolve(context.cwd, frames),
    events: events === undefined ? join(folder, 'events.jsonl') : resolve(context.cwd, events),
  };
}
