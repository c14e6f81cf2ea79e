import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Problem } from '../../core/problem.ts';
import { type SweepScenario, sweepScenario } from '../../core/sweep/sweep-scenario.ts';
import type { CliContext } from '../context.ts';
import {
  numberReader,
  readMesh,
  readScenario,
  type ScenarioOptions,
  SEED_MAX,
  usageError,
} from '../scenario/read-scenario.ts';

/** The options of `capmesh simulate` as they were written. */
export interface SimulateOptions extends ScenarioOptions {
  readonly file: string;
  readonly seconds?: string;
  readonly seed?: string;
  readonly without?: true;
}

export interface SimulationInput {
  readonly config: MeshConfig;
  readonly scenario: SweepScenario;
  readonly seconds: number;
  readonly seed: number;
  /** False = without Capmesh. */
  readonly enforced: boolean;
}

const SECONDS_DEFAULT = 600;
const SECONDS_MAX = 86_400;

/** Reads what is to be simulated; throws with every mistake in the options, the load file and the mesh file. */
export function readSimulation(context: Pick<CliContext, 'cwd'>, options: SimulateOptions): SimulationInput {
  const problems: Problem[] = [];
  const number = numberReader(problems);
  const input = readScenario(context, options, problems);
  const seconds = number('seconds', options.seconds, SECONDS_DEFAULT, 1, SECONDS_MAX);
  const seed = number('seed', options.seed, 1, 0, SEED_MAX);
  const config = readMesh(context, options.file, problems);
  const scenario = sweepScenario(config, input, problems);
  if (problems.length > 0) throw usageError(problems);
  return { config, scenario, seconds, seed, enforced: options.without !== true };
}
