#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { systemClock } from '../platform/clock.ts';
import { controlPlaneCommand } from './commands/control-plane.ts';
import { extAuthzCommand } from './commands/ext-authz.ts';
import { upCommand } from './commands/up.ts';
import type { CliContext } from './context.ts';
import { buildProgram } from './program.ts';
import { runCli } from './run-cli.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The second one does not wait; the orphan guard ends what is left.
  process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
}
// A reader that went away (`capmesh events -f | head`) ends the program.
process.stdout.on('error', () => stop.abort());

const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  signal: stop.signal,
  input: () => readFileSync(0, 'utf8'),
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY && { redraw: (line) => void process.stderr.write(`\r\u001b[2K${line}`) }),
};

// Loaded only by the process that is one: a quick `capmesh status` needs neither.
const processCommands = [
  upCommand(context),
  controlPlaneCommand(context, async (settings) =>
    (await import('../control-plane/main.ts')).startControlPlane(settings),
  ),
  extAuthzCommand(context, async (settings) => (await import('../ext-authz/main.ts')).startSidecar(settings)),
];

process.exitCode = await runCli(buildProgram(context, processCommands), process.argv.slice(2), context);
