import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { AdmissionScene, EdgeScene } from '../../core/admission/admission-scene.ts';
import { type AdmissionAssessment, assessAdmission } from '../../core/admission/decide-admission.ts';
import type { EdgeChange, MeshChange } from '../../core/admission/load-forecast.ts';
import { whatIf } from '../../core/admission/what-if.ts';
import type { GateVerdict } from '../../core/gates/gate-state.ts';
import { edgeKey } from '../../core/mesh/mesh-config.ts';
import { plainAssess, plainWhatIf } from '../support/admission-oracle/plain-admission.ts';
import { admissionScene, curveThrough, edgeScene, poolScene } from '../support/admission-scenes.ts';

const SEED = 20_261_126;
/** Sums over fewer edges round differently. */
const ROUNDING = 1e-9;

const SERVICES = ['payment', 'inventory', 'stock', 'audit'];
const CLIENTS = ['checkout', 'batch', 'reports'];

/** Evenly spread: `fc.double` is mostly next to nothing. */
const upTo = (max: number) => fc.integer({ min: 0, max: 1_000_000 }).map((n) => (n / 1_000_000) * max);
const orNull = <T>(value: fc.Arbitrary<T>, freq: number) => fc.option(value, { nil: null, freq });
/** Few distinct loads, so that edges tie and stand at their guarantees, and others. */
const load = fc.oneof(fc.constantFrom(0, 10, 40, 100), upTo(200));
const guarantee = orNull(fc.oneof(fc.constantFrom(0, 40, 100), upTo(400)), 3);
const capacity = orNull(upTo(3000), 5);
const component = orNull(upTo(1), 4);
const vector = fc.record({ geo: component, int: component, gauge: component, ptr: component, obs: component });

const status = fc.oneof(
  { weight: 40, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constant<Partial<GateVerdict>>({ status: 'FAIL', ratio: 1.5 }) },
  fc.constantFrom<Partial<GateVerdict>>(
    { status: 'UNKNOWN', ratio: null, reason: 'stale' },
    { status: 'UNKNOWN', ratio: null, reason: 'warmup' },
    { status: 'NOT_APPLICABLE', ratio: null, reason: 'one-tenant' },
    { ratio: null },
  ),
);
const evidence = fc.record(
  Object.fromEntries(
    ['u_drift', 'u_counter', 'isolation', 'isolation_level', 'retry_ratio'].map((name) => [name, upTo(0.3)]),
  ),
);
/** With room, so that it is the change that decides; its ratio may be owed to a burst. */
const gate = fc
  .record({
    ratio: upTo(0.7),
    worst: fc.constantFrom('checkout', 'shop', ''),
    evidence,
    isBurst: fc.boolean(),
    over: status,
  })
  .map(({ over, isBurst, ...rest }): GateVerdict => {
    const burst = isBurst ? { u_burst: rest.ratio } : {};
    return { status: 'PASS', reason: '', ...rest, evidence: { ...rest.evidence, ...burst }, ...over };
  });
const gateState = fc.record({ fit: gate, gluing: gate, uv: gate, isolation: gate });
const curves = fc.array(fc.tuple(upTo(100), upTo(0.2)), { maxLength: 3 }).map((sketches) =>
  sketches.map(([lowest, slope]) =>
    curveThrough(
      (rps) => 5 + slope * rps,
      [1, 2, 3, 4, 5, 6].map((step) => 1 + lowest * step),
    ),
  ),
);

const edgeOf = (workload: string, service: string) =>
  fc
    .record({
      tenant: fc.constantFrom(workload, 'checkout', 'shop'),
      budget: vector,
      loadRps: load,
      guaranteeRps: guarantee,
      callsPerRequest: SERVICES.includes(workload) ? orNull(upTo(3), 5) : fc.constant(null),
      burstRatio: fc.option(fc.constantFrom(0, 0.2, 0.5, 0.9), { nil: null }),
    })
    .map((over) => edgeScene(service, { workload, ...over }));

/** Clients and the other services call it: chains and circles of any length. */
const poolOf = (service: string) =>
  fc
    .subarray([...CLIENTS, ...SERVICES.filter((other) => other !== service)])
    .chain((callers) =>
      fc.tuple(
        fc.record({
          gates: gateState,
          capacityRps: capacity,
          baselineSec: fc.constantFrom(0, 0.001, 0.02, 0.5),
          live: vector,
          curves,
        }),
        fc.tuple(...callers.map((workload) => edgeOf(workload, service))),
      ),
    )
    .map(([over, edges]) => poolScene(service, over, edges));

const scene: fc.Arbitrary<AdmissionScene> = fc
  .tuple(fc.tuple(...SERVICES.map(poolOf)), fc.integer({ min: 0, max: 4 }))
  .map(([pools, caution]) => admissionScene(pools, caution));

const edgeChange = fc.record({
  workload: fc.constantFrom(...CLIENTS, ...SERVICES, 'newcomer'),
  service: fc.constantFrom(...SERVICES, 'elsewhere'),
  tenant: fc.constantFrom('checkout', 'shop', 'newcomer'),
  addedRps: fc.oneof(
    fc.constantFrom(0, 10, -10, 90),
    upTo(300),
    upTo(300).map((rps) => -rps),
  ),
  guaranteeRps: guarantee,
  isOpen: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});

const change: fc.Arbitrary<MeshChange> = fc
  .record({
    edges: fc.array(edgeChange, { maxLength: 4 }),
    capacityRps: fc.array(fc.tuple(fc.constantFrom(...SERVICES, 'elsewhere'), capacity), { maxLength: 2 }),
    levels: fc.array(fc.tuple(fc.constantFrom(...SERVICES), vector), { maxLength: 2 }),
  })
  .map(({ edges, capacityRps, levels }) => ({
    edges: new Map(edges.map((edge) => [edgeKey(edge.workload, edge.service), edge])),
    capacityRps: new Map(capacityRps),
    levels: new Map(levels),
  }));

/** Deeply equal, numbers up to rounding. */
function assertAlike(actual: unknown, expected: unknown, path = ''): void {
  if (typeof actual === 'number' && typeof expected === 'number') {
    const near = Math.abs(actual - expected) <= ROUNDING * Math.max(1, Math.abs(expected));
    assert.ok(near || Object.is(actual, expected), `${path}: ${actual} instead of ${expected}`);
  } else if (typeof actual === 'object' && actual !== null && typeof expected === 'object' && expected !== null) {
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), path);
    for (const [key, value] of Object.entries(actual)) {
      assertAlike(value, (expected as Record<string, unknown>)[key], `${path}.${key}`);
    }
  } else {
    assert.equal(actual, expected, path);
  }
}

/** How often something was met, so that what is to be tried is known to be tried. */
class Tally {
  readonly #counts = new Map<string, number>();

  note(names: Readonly<Record<string, boolean>>): void {
    for (const [name, met] of Object.entries(names)) this.#counts.set(name, this.of(name) + (met ? 1 : 0));
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  assertAtLeast(least: number): void {
    for (const [name, count] of this.#counts) assert.ok(count >= least, `${name}: met ${count} times only`);
  }
}

const edgesOf = ({ pools }: AdmissionScene): EdgeScene[] =>
  [...pools.values()].flatMap(({ edges }) => [...edges.values()]);

/** Gates fail of services that the workload does not call itself, and of no other. */
function failsFurtherOn({ pools }: AdmissionScene, workload: string, { services }: AdmissionAssessment): boolean {
  const failing = services.filter(({ gates }) => gates.some(({ now }) => now.status === 'FAIL'));
  const isOwn = (service: string) => pools.get(service)?.edges.has(edgeKey(workload, service)) ?? false;
  return failing.length > 0 && !failing.some(({ service }) => isOwn(service));
}

describe(`admission against a plain walk over all edges (MATHS §B7, seed ${SEED})`, () => {
  it('any change of a mesh: the same services, gates, causes and loads', () => {
    const tally = new Tally();
    fc.assert(
      fc.property(scene, change, fc.subarray([...SERVICES, 'elsewhere'], { maxLength: 1 }), (at, then, named) => {
        const expected = plainWhatIf(at, then, new Set(named));
        assertAlike(whatIf(at, then, new Set(named)), expected);
        assertAlike(whatIf(at, then, new Set(named)), expected, 'asked again');
        const changes: EdgeChange[] = [...then.edges.values()];
        const known = new Set(edgesOf(at).map(({ key }) => key));
        const changed = new Set([...changes.map(({ service }) => service), ...then.capacityRps.keys(), ...named]);
        tally.note({
          'an edge is created': [...then.edges.keys()].some((key) => !known.has(key)),
          'an edge loses load': changes.some(({ addedRps }) => addedRps < 0),
          'an edge is open': changes.some(({ isOpen }) => isOpen),
          'an edge has no guarantee': changes.some(({ guaranteeRps }) => guaranteeRps === null),
          'a capacity changes': then.capacityRps.size > 0,
          'a service follows': expected.some(({ service }) => !changed.has(service)),
          'a circle grows without limit': expected.some(({ thenRps }) => thenRps > 1e6),
          'a burst is worst': expected.some(({ gates }) =>
            gates.some(({ gate, worst }) => gate === 'uv' && worst.includes('/')),
          ),
        });
      }),
      { seed: SEED, numRuns: 3000 },
    );
    tally.assertAtLeast(20);
  });

  it('any grant: the same decision on the same forecast, and the same vector instead', () => {
    const tally = new Tally();
    const live = fc.array(
      vector.map((each) => ({ ...each, int: each.int && each.int / 4, ptr: 0, obs: 0 })),
      { maxLength: 2 },
    );
    fc.assert(
      fc.property(
        scene,
        fc.constantFrom('checkout', 'batch', 'payment', 'ghost'),
        vector,
        live,
        (at, workload, asked, held) => {
          const input = { workload, asked, live: held, scene: at };
          const expected = plainAssess(input);
          assertAlike(assessAdmission(input), expected);
          const { decision } = expected;
          const isSome = !decision.admitted && decision.available.int !== 0;
          tally.note({
            admitted: decision.admitted,
            refused: !decision.admitted,
            'something instead': isSome,
            'the vector is searched': !decision.admitted && isSome && decision.available.int !== asked.int,
            'the account is full': !expected.account.admitted,
            'a gate fails further on': failsFurtherOn(at, workload, expected),
          });
        },
      ),
      { seed: SEED, numRuns: 3000 },
    );
    tally.assertAtLeast(20);
  });
});
