import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { meshDocument } from '../../core/mesh/to-mesh-document.ts';
import type { Problem } from '../../core/problem.ts';
import { DEFAULT_SETTINGS, type SweepTask } from '../../core/sweep/evaluate-point.ts';
import { NODES_MAX } from '../../core/sweep/load-schema.ts';
import type { SweepAxis } from '../../core/sweep/sweep-axis.ts';
import { parseAxes, type SweepMode } from '../../core/sweep/sweep-points.ts';
import { sweepScenario } from '../../core/sweep/sweep-scenario.ts';
import { chooseEdges, idleAxes } from '../../core/sweep/swept-mesh.ts';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { packageVersion } from '../../platform/package-version.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { locate, readMeshText } from '../mesh-file.ts';
import { readLoadFile, readLoadOption, readServiceOption } from './read-load.ts';
import type { SweepConfiguration } from './sweep-folder.ts';

/** The options of `capmesh sweep mesh` as they were written. */
export interface SweepMeshOptions {
  readonly file: string;
  readonly axis?: readonly string[];
  readonly paired?: true;
  readonly workload?: readonly string[];
  readonly edge?: readonly string[];
  readonly load?: readonly string[];
  readonly service?: readonly string[];
  readonly loadFile?: string;
  readonly nodes?: string;
  readonly calm?: string;
  readonly settle?: string;
  readonly judge?: string;
  readonly seed?: string;
  readonly workers?: string;
  readonly out?: string;
}

export interface MeshSweep {
  readonly task: SweepTask;
  readonly axes: readonly SweepAxis[];
  readonly mode: SweepMode;
  readonly workers: number;
  /** What the results depend on. */
  readonly configuration: SweepConfiguration;
  /** What is allowed and yet may not be meant. */
  readonly warnings: readonly Problem[];
}

/** Nodes of a mesh where nothing is said. */
const NODES_DEFAULT = 2;
const WORKERS_MAX = 256;
const SECONDS_MAX = 3600;
const SEED_MAX = 2 ** 32 - 1;

/** Reads all of a sweep; throws with every mistake in the options, the load file and the mesh file. */
export function readSweep(context: Pick<CliContext, 'cwd'>, options: SweepMeshOptions): MeshSweep {
  const problems: Problem[] = [];
  const number = (name: string, text: string | undefined, fallback: number, low: number, high: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high && text?.trim() !== '') return value;
    problems.push({ path: `--${name} ${text}`, message: `must be a whole number from ${low} to ${high}` });
    return fallback;
  };
  const mode: SweepMode = options.paired ? 'paired' : 'grid';
  const axes = parseAxes(options.axis ?? [], mode, problems);
  const told =
    options.loadFile === undefined
      ? {}
      : readLoadFile(resolve(context.cwd, options.loadFile), options.loadFile, problems);
  const input = {
    nodes: number('nodes', options.nodes, told.nodes ?? NODES_DEFAULT, 1, NODES_MAX),
    load: [...(told.load ?? []), ...(options.load ?? []).flatMap((text) => readLoadOption(text, problems))],
    services: [
      ...(told.services ?? []),
      ...(options.service ?? []).flatMap((text) => readServiceOption(text, problems)),
    ],
  };
  const settings = {
    calmSec: number('calm', options.calm, DEFAULT_SETTINGS.calmSec, 0, SECONDS_MAX),
    settleSec: number('settle', options.settle, DEFAULT_SETTINGS.settleSec, 1, SECONDS_MAX),
    judgeSec: number('judge', options.judge, DEFAULT_SETTINGS.judgeSec, 2, SECONDS_MAX),
    seed: number('seed', options.seed, DEFAULT_SETTINGS.seed, 0, SEED_MAX),
  };
  const workers = number('workers', options.workers, availableParallelism(), 1, WORKERS_MAX);
  const config = readMesh(context, options.file, problems);
  const edges = chooseEdges(config, { workloads: options.workload ?? [], edges: options.edge ?? [] }, problems);
  const scenario = sweepScenario(config, input, problems);
  if (problems.length > 0) throw usageError(problems);
  return {
    task: { config, edges, scenario, settings },
    axes,
    mode,
    workers,
    configuration: {
      capmesh: packageVersion(),
      mesh: meshDocument(config),
      edges: [...edges],
      axes,
      mode,
      scenario,
      settings,
    },
    warnings: idleAxes(config, edges, axes),
  };
}

/** The mesh; where it has mistakes, they are told together with those of the options, which cannot be held against it. */
function readMesh({ cwd }: Pick<CliContext, 'cwd'>, file: string, problems: readonly Problem[]): MeshConfig {
  const text = readMeshText(resolve(cwd, file));
  const checked = parseMeshFile(text);
  if (checked.ok) return checked.value;
  throw usageError(problems, locate(text, file, checked.problems));
}

const usageError = (problems: readonly Problem[], others: readonly string[] = []): CliError =>
  new CliError(EXIT.usage, [...problems.map(({ path, message }) => `${path}: ${message}`), ...others].join('\n'));
