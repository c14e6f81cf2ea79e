import { availableParallelism } from 'node:os';
import { meshDocument } from '../../core/mesh/to-mesh-document.ts';
import type { Problem } from '../../core/problem.ts';
import { DEFAULT_SETTINGS, type SweepTask } from '../../core/sweep/evaluate-point.ts';
import type { SweepAxis } from '../../core/sweep/sweep-axis.ts';
import { parseAxes, type SweepMode } from '../../core/sweep/sweep-points.ts';
import { sweepScenario } from '../../core/sweep/sweep-scenario.ts';
import { chooseEdges, idleAxes } from '../../core/sweep/swept-mesh.ts';
import { packageVersion } from '../../platform/package-version.ts';
import type { CliContext } from '../context.ts';
import {
  numberReader,
  readMesh,
  readScenario,
  type ScenarioOptions,
  SEED_MAX,
  usageError,
} from '../scenario/read-scenario.ts';
import type { SweepConfiguration } from './sweep-folder.ts';

/** The options of `capmesh sweep mesh` as they were written. */
export interface SweepMeshOptions extends ScenarioOptions {
  readonly file: string;
  readonly axis?: readonly string[];
  readonly paired?: true;
  readonly workload?: readonly string[];
  readonly edge?: readonly string[];
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

const WORKERS_MAX = 256;
const SECONDS_MAX = 3600;

/** Reads all of a sweep; throws with every mistake in the options, the load file and the mesh file. */
export function readSweep(context: Pick<CliContext, 'cwd'>, options: SweepMeshOptions): MeshSweep {
  const problems: Problem[] = [];
  const number = numberReader(problems);
  const mode: SweepMode = options.paired ? 'paired' : 'grid';
  const axes = parseAxes(options.axis ?? [], mode, problems);
  const input = readScenario(context, options, problems);
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
