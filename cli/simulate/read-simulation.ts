import { resolve } from 'node:path';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Problem } from '../../core/problem.ts';
import { NODES_MAX } from '../../core/sweep/load-schema.ts';
import { type SweepScenario, sweepScenario } from '../../core/sweep/sweep-scenario.ts';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { locate, readMeshText } from '../mesh-file.ts';
import { readLoadFile, readLoadOption, readServiceOption } from '../sweep/read-load.ts';

/** The options of `capmesh simulate` as they were written. */
export interface SimulateOptions {
  readonly file: string;
  readonly seconds?: string;
  readonly load?: readonly string[];
  readonly service?: readonly string[];
  readonly loadFile?: string;
  readonly nodes?: string;
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
const NODES_DEFAULT = 2;
const SEED_MAX = 2 ** 32 - 1;

/** Reads what is to be simulated; throws with every mistake in the options, the load file and the mesh file. */
export function readSimulation(context: Pick<CliContext, 'cwd'>, options: SimulateOptions): SimulationInput {
  const problems: Problem[] = [];
  const number = (name: string, text: string | undefined, fallback: number, low: number, high: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high && text?.trim() !== '') return value;
    problems.push({ path: `--${name} ${text}`, message: `must be a whole number from ${low} to ${high}` });
    return fallback;
  };
  const { file, loadFile, load = [], service = [] } = options;
  const told = loadFile === undefined ? {} : readLoadFile(resolve(context.cwd, loadFile), loadFile, problems);
  const input = {
    nodes: number('nodes', options.nodes, told.nodes ?? NODES_DEFAULT, 1, NODES_MAX),
    load: [...(told.load ?? []), ...load.flatMap((text) => readLoadOption(text, problems))],
    services: [...(told.services ?? []), ...service.flatMap((text) => readServiceOption(text, problems))],
  };
  const seconds = number('seconds', options.seconds, SECONDS_DEFAULT, 1, SECONDS_MAX);
  const seed = number('seed', options.seed, 1, 0, SEED_MAX);
  const text = readMeshText(resolve(context.cwd, file));
  const mesh = parseMeshFile(text);
  const inMesh = mesh.ok ? [] : locate(text, file, mesh.problems);
  const scenario = mesh.ok ? sweepScenario(mesh.value, input, problems) : null;
  const lines = [...problems.map(({ path, message }) => `${path}: ${message}`), ...inMesh];
  if (!mesh.ok || scenario === null || lines.length > 0) throw new CliError(EXIT.usage, lines.join('\n'));
  return { config: mesh.value, scenario, seconds, seed, enforced: options.without !== true };
}
