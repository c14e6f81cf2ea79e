import fc from 'fast-check';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { GATES } from '../../core/gates/gate-state.ts';
import {
  type BudgetConfig,
  type EdgeKey,
  edgeKey,
  type MeshConfig,
  type ServiceConfig,
  type WorkloadConfig,
} from '../../core/mesh/mesh-config.ts';

const name = fc.oneof(
  fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/),
  fc.constantFrom('on', 'no', 'null', 'true', '1', '1e3', '0x1', 'constructor', '007'),
);
/** Any number, and as often one that is evenly spread, which a `fc.double` down to nearly 0 is not. */
export const real = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.double({ min, max, noNaN: true }),
    fc.integer({ min: 1, max: 1000 }).map((step) => min + ((max - min) * step) / 1000),
  );
/** Plain objects, as the code makes them: deepEqual tells prototypes apart. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const fraction = maybe(fc.oneof(fc.constantFrom(0, 1), real(1e-9, 1)));

export const capacityVector: fc.Arbitrary<CapacityVector> = record({
  geo: fraction,
  int: fraction,
  gauge: fraction,
  ptr: fraction,
  obs: fraction,
});

const service = (workloads: readonly string[]) =>
  record({
    endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 4 }),
    host: fc.constantFrom('127.0.0.1', 'backend.example', '[::1]'),
    place: maybe(
      fc.record({ region: name, zone: name, subZone: name, node: name }, { requiredKeys: [], noNullPrototype: true }),
    ),
    capacity: record({
      rps: maybe(real(0.001, 1e6)),
      concurrency: maybe(real(1, 1e5)),
      cpuMsPerSec: maybe(real(1, 1e6)),
      memoryMiB: maybe(real(1, 1e6)),
    }),
    anonymous: workloads.length > 0 ? maybe(fc.constantFrom(...workloads)) : fc.constant(null),
    authorizerDown: fc.constantFrom('degrade', 'closed', 'open'),
    timeoutMs: fc.integer({ min: 1, max: 3_600_000 }),
    ejectFailing: fc.boolean(),
  });

const workload = record({
  tenant: maybe(name),
  prio: fc.integer({ min: 0, max: 9 }),
  weight: fc.oneof(fc.constant(1), real(0.001, 1000)),
});

const gates = record({
  fitThreshold: real(0.01, 10),
  gluingK: real(0.01, 10),
  uvLambda1Hz: real(0.001, 100),
  uvLambdaMaxHz: maybe(real(0.001, 1e6)),
  isolationEps: real(0.001, 0.999),
});

/** Any configuration that a mesh file may describe; small, so that failures are readable. */
export const meshConfig: fc.Arbitrary<MeshConfig> = record({
  mesh: name,
  services: fc.uniqueArray(name, { maxLength: 4 }),
  workloads: fc.uniqueArray(name, { maxLength: 4 }),
})
  .chain((names) =>
    record({
      mesh: fc.constant(names.mesh),
      services: fc.tuple(...names.services.map((own) => service(names.workloads).map((rest) => toService(own, rest)))),
      workloads: fc.tuple(...names.workloads.map((own) => workload.map((rest) => toWorkload(own, rest)))),
      budgets: fc.tuple(
        ...names.workloads.flatMap((from) =>
          names.services.map((to) => maybe(capacityVector.map((vector) => ({ workload: from, service: to, vector })))),
        ),
      ),
      gates,
      policy: record({ maxShedRatio: real(0, 1), shadow: fc.subarray([...GATES]), fence: fc.boolean() }),
    }),
  )
  .map(({ services, workloads, budgets, ...rest }) => ({
    ...rest,
    services: new Map(services.map((one) => [one.name, one])),
    workloads: new Map(workloads.map((one) => [one.name, one])),
    budgets: new Map(
      budgets.flatMap((line): [EdgeKey, BudgetConfig][] =>
        line ? [[edgeKey(line.workload, line.service), line]] : [],
      ),
    ),
  }));

type Generated<T> = T extends fc.Arbitrary<infer V> ? V : never;

function toService(own: string, rest: Generated<ReturnType<typeof service>>): ServiceConfig {
  const { host, place, endpoints, ...fields } = rest;
  const addresses = endpoints.map((port) => `${host}:${port}`);
  return {
    name: own,
    // The first is placed, the others are not.
    endpoints: addresses.map((address, i) => (i === 0 && place !== null ? { address, ...place } : address)),
    ...fields,
  };
}

const toWorkload = (own: string, rest: Generated<typeof workload>): WorkloadConfig => ({
  name: own,
  ...rest,
  tenant: rest.tenant ?? own,
});
