import { NAME_PATTERN } from '../mesh/names.ts';

/** What an operator writes beside the mesh file: the load, and how the services behave. */
export interface LoadDocument {
  readonly nodes?: number;
  /** Calls per second by workload, then by service. */
  readonly load?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly services?: Readonly<Record<string, BehaviourDocument>>;
}

export interface BehaviourDocument {
  readonly servers?: number;
  readonly workMs?: number;
  readonly work?: 'exponential' | 'fixed';
  readonly slowdown?: number;
  readonly errorRatio?: number;
  readonly calls?: Readonly<Record<string, number>>;
}

/** Envoys of a simulated mesh at most. */
export const NODES_MAX = 16;
/** Calls per second of one caller at most. */
export const RPS_MAX = 100_000;
/** Calls that one service works on at once, at most. */
export const SERVERS_MAX = 10_000;
/** Mean work of a call at most, ms. */
export const WORK_MS_MAX = 60_000;

const named = (additionalProperties: object) => ({
  type: 'object',
  propertyNames: { pattern: NAME_PATTERN },
  additionalProperties,
});
const number = (description: string, minimum: number, maximum: number) => ({
  description,
  type: 'number',
  minimum,
  maximum,
});
const record = (properties: object) => ({ type: 'object', properties, additionalProperties: false });

/** JSON Schema of the load file of `capmesh sweep mesh`. */
export const LOAD_SCHEMA = record({
  nodes: { description: 'Envoys in front of the services.', type: 'integer', minimum: 1, maximum: NODES_MAX },
  load: named(named(number('Calls per second that the workload offers.', 0, RPS_MAX))),
  services: named(
    record({
      servers: { description: 'Calls worked on at once.', type: 'integer', minimum: 1, maximum: SERVERS_MAX },
      workMs: number('Mean work of a call, ms of one server.', 0, WORK_MS_MAX),
      work: { description: 'How the work of calls varies.', enum: ['exponential', 'fixed'] },
      slowdown: number('Longer by this for each call held more than there are servers, per server.', 0, 10),
      errorRatio: number('Share of the calls that are answered with an error.', 0, 1),
      calls: named(number('Mean calls to another service for each call handled.', 0, 100)),
    }),
  ),
});
