import { resolve } from 'node:path';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { type Problem, problemTexts } from '../../core/problem.ts';
import { NODES_MAX } from '../../core/sweep/load-schema.ts';
import type { ScenarioInput } from '../../core/sweep/sweep-scenario.ts';
import { parseMeshFile } from '../../platform/mesh-file.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { locate, readMeshText } from '../mesh-file.ts';
import { readLoadFile, readLoadOption, readServiceOption } from './read-load.ts';

/** The options of every command that simulates a mesh, as they were written. */
export interface ScenarioOptions {
  readonly load?: readonly string[];
  readonly service?: readonly string[];
  readonly loadFile?: string;
  readonly nodes?: string;
}

/** Nodes of a mesh where nothing is said. */
const NODES_DEFAULT = 2;
/** Largest seed of the simulation's random numbers. */
export const SEED_MAX = 2 ** 32 - 1;

/** Reads whole numbers between bounds; mistakes are added to `problems`. */
export type NumberReader = (
  name: string,
  text: string | undefined,
  fallback: number,
  low: number,
  high: number,
) => number;

export const numberReader =
  (problems: Problem[]): NumberReader =>
  (name, text, fallback, low, high) => {
    const value = text === undefined ? fallback : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high && text?.trim() !== '') return value;
    problems.push({ path: `--${name} ${text}`, message: `must be a whole number from ${low} to ${high}` });
    return fallback;
  };

/** Who calls whom how often, and how services work: from the load file first, then from the options. */
export function readScenario(
  { cwd }: Pick<CliContext, 'cwd'>,
  { load = [], service = [], loadFile, nodes }: ScenarioOptions,
  problems: Problem[],
): ScenarioInput {
  const told = loadFile === undefined ? {} : readLoadFile(resolve(cwd, loadFile), loadFile, problems);
  return {
    nodes: numberReader(problems)('nodes', nodes, told.nodes ?? NODES_DEFAULT, 1, NODES_MAX),
    load: [...(told.load ?? []), ...load.flatMap((text) => readLoadOption(text, problems))],
    services: [...(told.services ?? []), ...service.flatMap((text) => readServiceOption(text, problems))],
  };
}

/** The mesh; where it has mistakes, they are told together with those of the options, which cannot be held against it. */
export function readMesh({ cwd }: Pick<CliContext, 'cwd'>, file: string, problems: readonly Problem[]): MeshConfig {
  const text = readMeshText(resolve(cwd, file));
  const checked = parseMeshFile(text);
  if (checked.ok) return checked.value;
  throw usageError(problems, locate(text, file, checked.problems));
}

/** All mistakes, a line each. */
export const usageError = (problems: readonly Problem[], others: readonly string[] = []): CliError =>
  new CliError(EXIT.usage, [...problemTexts(problems), ...others].join('\n'));
