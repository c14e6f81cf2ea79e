import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import type { Problem } from '../../core/problem.ts';
import {
  type BehaviourDocument,
  LOAD_SCHEMA,
  type LoadDocument,
  RPS_MAX,
  SERVERS_MAX,
  WORK_MS_MAX,
} from '../../core/sweep/load-schema.ts';
import type { ScenarioInput, ToldBehaviour } from '../../core/sweep/sweep-scenario.ts';
import { schemaProblem } from '../../platform/schema-problem.ts';

const matchesSchema = new Ajv2020({ allErrors: true, verbose: true }).compile<LoadDocument>(LOAD_SCHEMA);

type LoadEntry = ScenarioInput['load'][number];

/** Reads a load file; mistakes are added to `problems`, each with the file and the path of its field. */
export function readLoadFile(path: string, shownPath: string, problems: Problem[]): Partial<ScenarioInput> {
  const at = (field: string): string => (field === '' ? shownPath : `${shownPath}: ${field}`);
  let document: unknown;
  try {
    document = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('\n');
    problems.push({ path: at(''), message: `cannot be read: ${sentence}` });
    return {};
  }
  if (!matchesSchema(document)) {
    const found = (matchesSchema.errors ?? []).flatMap((error) => schemaProblem(error));
    problems.push(...found.map((problem) => ({ ...problem, path: at(problem.path) })));
    return {};
  }
  const { nodes, load = {}, services = {} } = document;
  return {
    ...(nodes !== undefined && { nodes }),
    load: Object.entries(load).flatMap(([workload, lines]) =>
      Object.entries(lines).map(
        ([service, rps]): LoadEntry => ({ path: at(`load.${workload}.${service}`), workload, service, rps }),
      ),
    ),
    services: Object.entries(services).map(
      ([service, behaviour]): ToldBehaviour => ({
        path: at(`services.${service}`),
        service,
        behaviour: toBehaviour(behaviour),
      }),
    ),
  };
}

function toBehaviour({ slowdown, ...others }: BehaviourDocument): ToldBehaviour['behaviour'] {
  return { ...others, ...(slowdown !== undefined && { slowdown: { contention: slowdown } }) };
}

/** Reads `checkout/payment=120`: calls per second of a caller from outside. */
export function readLoadOption(text: string, problems: Problem[]): LoadEntry[] {
  const path = `--load ${text}`;
  const [, workload = '', service = '', rate = ''] = /^([^/=]+)\/([^/=]+)=(.+)$/.exec(text) ?? [];
  const rps = Number(rate);
  if (service === '' || !(rps >= 0 && rps <= RPS_MAX)) {
    problems.push({ path, message: `must be workload/service=calls a second, at most ${RPS_MAX}` });
    return [];
  }
  return [{ path, workload, service, rps }];
}

/** Reads `payment=8x20ms`: calls worked on at once, and the mean work of each. */
export function readServiceOption(text: string, problems: Problem[]): ToldBehaviour[] {
  const path = `--service ${text}`;
  const [, service = '', count, time] = /^([^=]+)=(\d{1,5})x(\d+(?:\.\d+)?)ms$/.exec(text) ?? [];
  const [servers, workMs] = [Number(count), Number(time)];
  if (service === '' || !(servers >= 1 && servers <= SERVERS_MAX) || !(workMs <= WORK_MS_MAX)) {
    problems.push({ path, message: 'must be service=servers x mean work, for example payment=8x20ms' });
    return [];
  }
  return [{ path, service, behaviour: { servers, workMs } }];
}
