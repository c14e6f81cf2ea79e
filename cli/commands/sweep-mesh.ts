import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { sweepPicture } from '../../core/sweep/picture/sweep-picture.ts';
import { REGION_KEY, regionLines } from '../../core/sweep/region-lines.ts';
import { type SweptPoint, sweepPlanes } from '../../core/sweep/sweep-plane.ts';
import { sweepPoints } from '../../core/sweep/sweep-points.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { Progress } from '../sweep/progress.ts';
import type { MeshSweep, SweepMeshOptions } from '../sweep/read-sweep.ts';
import { runPoints } from '../sweep/run-points.ts';
import { configurationHash, SweepFolder } from '../sweep/sweep-folder.ts';
import { sweepNotes, sweepTitle } from '../sweep/sweep-words.ts';

export function sweepMeshCommand(context: CliContext): Command {
  const list = (flags: string, description: string): Option =>
    new Option(flags, description).argParser((text, before: readonly string[] = []) => [...before, text]);
  return new Command('mesh')
    .description('which budgets keep all four gates open for your mesh and its load, by simulation')
    .requiredOption('-f, --file <file>', 'the mesh file, YAML or JSON')
    .addOption(list('--axis <name=from:to:step>', 'int, ptr, geo, gauge, obs, or load; may be given again'))
    .option('--paired', 'take the axes together, value by value, instead of each with each')
    .addOption(list('--workload <name>', 'sweep the budgets of this workload; default: all budgets, alike'))
    .addOption(list('--edge <workload/service>', 'sweep this budget'))
    .addOption(list('--load <workload/service=rps>', 'calls a second; default: 70 % of the guarantee'))
    .addOption(list('--service <name=8x20ms>', 'servers and mean work of a call; default: by the declared capacity'))
    .option('--load-file <file>', 'load and services in a file')
    .option('--nodes <count>', 'Envoys; default: 2')
    .option('--calm <seconds>', 'under 30 % of the load at first; default: 40')
    .option('--settle <seconds>', 'under the load before the gates are looked at; default: 5')
    .option('--judge <seconds>', 'for which they have to stay open; default: 55')
    .option('--seed <number>', 'of the simulation; default: 1')
    .option('--workers <count>', 'threads; default: one for each core')
    .option('--out <folder>', 'keep points and picture there; the same sweep goes on where it was ended')
    .action(async (_options, command: Command) => {
      const call = invocation<SweepMeshOptions>(context, command);
      const { readSweep } = await import('../sweep/read-sweep.ts');
      const sweep = readSweep(context, call.options);
      const { out, json } = call.options;
      const folder = out === undefined ? null : SweepFolder.open(resolve(context.cwd, out), out, sweep.configuration);
      const points = await evaluateAll(context, sweep, folder, json === true);
      const title = sweepTitle(sweep);
      const notes = sweepNotes(sweep, points);
      const planes = sweepPlanes(sweep.axes, sweep.mode, points);
      const picture = folder?.writePicture(sweepPicture(title, notes, planes)) ?? null;
      await call.print(
        () => ({ hash: configurationHash(sweep.configuration), points, picture }),
        () => [
          title,
          ...notes,
          ...planes.flatMap((plane) => ['', ...regionLines(plane)]),
          '',
          REGION_KEY,
          ...(picture === null ? [] : [`picture: ${picture}`]),
        ],
      );
    });
}

/** All points of the sweep in their order; those that the folder has are not evaluated again. */
async function evaluateAll(
  context: CliContext,
  sweep: MeshSweep,
  folder: SweepFolder | null,
  quiet: boolean,
): Promise<SweptPoint[]> {
  const all = sweepPoints(sweep.axes, sweep.mode);
  const finished = new Map((folder?.finished ?? []).map((point) => [point.index, point]));
  const before = finished.size;
  for (const { path, message } of sweep.warnings) context.err(`warning: ${path}: ${message}`);
  const progress = quiet || before === all.length ? null : new Progress(context, all.length, before);
  await runPoints({
    task: sweep.task,
    points: all.filter(({ index }) => !finished.has(index)),
    workers: sweep.workers,
    signal: context.signal,
    onPoint: (point) => {
      finished.set(point.index, point);
      folder?.add(point);
      progress?.pointDone();
    },
  });
  progress?.end();
  if (context.signal.aborted) {
    const kept = folder === null ? 'nothing is kept without --out' : 'kept; the same command goes on from there';
    context.err(`capmesh: ${finished.size} of ${all.length} points are done: ${kept}`);
    throw new CliError(EXIT.interrupted, '');
  }
  return all.flatMap(({ index }) => finished.get(index) ?? []);
}
