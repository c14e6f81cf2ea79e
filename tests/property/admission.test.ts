import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type AdmissionInput, assessAdmission, decideAdmission } from '../../core/admission/decide-admission.ts';
import { checkAccount } from '../../core/capacity/account.ts';
import { AXES, type Axis, type CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { isAdding, smallerOf } from '../../core/capacity/live-capacity.ts';
import type { GateVerdict } from '../../core/gates/gate-state.ts';
import { edgeKey } from '../../core/mesh/mesh-config.ts';
import { admissionScene, curveThrough, edgeScene, poolScene } from '../support/admission-scenes.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const component = fc.option(share, { nil: null, freq: 4 });
const vector = fc.record({ geo: component, int: component, gauge: component, ptr: component, obs: component });
const rps = fc.double({ min: 0, max: 400, noNaN: true });

const status = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  fc.constantFrom<Partial<GateVerdict>>(
    { status: 'UNKNOWN', ratio: null, reason: 'stale' },
    { status: 'UNKNOWN', ratio: null, reason: 'warmup' },
    { status: 'NOT_APPLICABLE', ratio: null, reason: 'one-tenant' },
    { ratio: null },
    { status: 'FAIL', ratio: 1.5 },
  ),
);
const gate = fc
  .record({
    ratio: fc.double({ min: 0, max: 1, noNaN: true }),
    worst: fc.constantFrom('checkout', 'batch', 'inventory', ''),
    evidence: fc.dictionary(
      fc.constantFrom('u_drift', 'u_counter', 'u_distribution', 'isolation', 'isolation_level'),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    over: status,
  })
  .map(({ over, ...rest }): GateVerdict => ({ status: 'PASS', reason: '', ...rest, ...over }));
const gateState = fc.record({ fit: gate, gluing: gate, uv: gate, isolation: gate });
const curves = fc.option(
  fc.tuple(rps, fc.double({ min: 0, max: 1, noNaN: true })).map(([lowest, slope]) => [
    curveThrough(
      (load) => 5 + slope * load,
      [1, 2, 3, 4, 5, 6].map((step) => 1 + lowest * step * 0.3),
    ),
  ]),
  { nil: [] },
);

const CALLERS = ['checkout', 'batch', 'payment', 'inventory', 'stock'];
const SERVICES = ['payment', 'inventory', 'stock'];

const pool = (service: string) =>
  fc
    .record({
      gates: gateState,
      capacityRps: fc.option(fc.double({ min: 50, max: 1000, noNaN: true }), { nil: null, freq: 5 }),
      baselineSec: fc.constantFrom(0, 0.001, 0.02, 0.5),
      live: vector,
      curves,
      callers: fc.subarray(CALLERS.filter((caller) => caller !== service)),
      edges: fc.array(
        fc.record({
          budget: vector,
          loadRps: rps,
          guaranteeRps: fc.option(rps, { nil: null, freq: 5 }),
          calls: fc.double({ min: 0, max: 3, noNaN: true }),
          burstRatio: fc.option(share, { nil: null }),
        }),
        { minLength: 5, maxLength: 5 },
      ),
    })
    .map(({ callers, edges, ...rest }) => {
      const own = callers.flatMap((workload, i) => {
        const sketch = edges[i];
        if (sketch === undefined) return [];
        const { calls, ...edge } = sketch;
        return [edgeScene(service, { workload, ...edge, callsPerRequest: SERVICES.includes(workload) ? calls : null })];
      });
      return poolScene(service, rest, own);
    });

const scene = fc
  .tuple(pool('payment'), pool('inventory'), pool('stock'), fc.integer({ min: 0, max: 4 }))
  .map(([payment, inventory, stock, caution]) => admissionScene([payment, inventory, stock], caution));
const state = fc.record({
  workload: fc.constantFrom('checkout', 'batch', 'payment'),
  live: fc.array(
    vector.map((each) => ({ ...each, int: each.int && each.int / 4 })),
    { maxLength: 2 },
  ),
  scene,
});

type State = Omit<AdmissionInput, 'asked'>;

/** Most of an axis that a component entitles to on any edge of the workload. */
function entitlement({ workload, scene: { pools } }: State, axis: Axis, value: number | null): number[] {
  if (isAdding(axis)) return [value ?? 1];
  const budgets = [...pools.values()].flatMap(({ service, edges }) => edges.get(edgeKey(workload, service)) ?? []);
  return budgets.map(({ budget }) => smallerOf(budget[axis], value) ?? 0);
}

const isAtMost = (at: State, smaller: CapacityVector, asked: CapacityVector): boolean =>
  AXES.every((axis) => {
    // The cold-start rule counts a null of a level as all of it.
    if ((smaller[axis] ?? 1) > (asked[axis] ?? 1)) return false;
    const most = entitlement(at, axis, asked[axis]);
    return entitlement(at, axis, smaller[axis]).every((value, i) => value <= (most[i] ?? 0));
  });

/** Some components made smaller, some nulls made numbers. */
const shrunk = (asked: CapacityVector, by: CapacityVector): CapacityVector => {
  const at = (axis: Axis): number | null => (by[axis] === null ? asked[axis] : (asked[axis] ?? 1) * (by[axis] ?? 1));
  return { geo: at('geo'), int: at('int'), gauge: at('gauge'), ptr: at('ptr'), obs: at('obs') };
};

describe('admission on any state of a mesh (MATHS §B7)', () => {
  it('is monotone: whatever entitles to no more than what is admitted is admitted too', () => {
    let [admitted, refused] = [0, 0];
    fc.assert(
      fc.property(state, vector, vector, (at, asked, by) => {
        const smaller = shrunk(asked, by);
        if (!decideAdmission({ ...at, asked }).admitted) {
          refused++;
          return;
        }
        admitted++;
        if (!isAtMost(at, smaller, asked) || !checkAccount(at.live, smaller).admitted) return;
        const decision = decideAdmission({ ...at, asked: smaller });
        assert.equal(decision.admitted, true, decision.admitted ? '' : decision.message);
      }),
      { numRuns: 1500 },
    );
    assert.ok(admitted > 200 && refused > 200, `${admitted} admitted, ${refused} refused: one side is hardly tried`);
  });

  it('predicts no lower ratio for more', () => {
    fc.assert(
      fc.property(state, vector, vector, (at, asked, by) => {
        const smaller = shrunk(asked, by);
        if (!isAtMost(at, smaller, asked)) return;
        const ratios = (one: CapacityVector) =>
          new Map(
            assessAdmission({ ...at, asked: one }).services.flatMap(({ service, gates }) =>
              gates.map((each) => [`${service} ${each.gate}`, each.ratio] as const),
            ),
          );
        const more = ratios(asked);
        for (const [name, ratio] of ratios(smaller)) {
          if (ratio === null) continue;
          assert.ok((more.get(name) ?? Number.NaN) >= ratio - 1e-9, `${name}: ${ratio}, then ${more.get(name)}`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('what it offers instead is admitted, and no larger than what was asked', () => {
    fc.assert(
      fc.property(state, vector, (at, asked) => {
        const decision = decideAdmission({ ...at, asked });
        if (decision.admitted) return;
        assert.ok(AXES.every((axis) => (decision.available[axis] ?? 1) <= (asked[axis] ?? 1)));
        const isNothing = AXES.every((axis) => decision.available[axis] === 0);
        assert.ok(isNothing || decideAdmission({ ...at, asked: decision.available }).admitted);
      }),
      { numRuns: 1000 },
    );
  });
});
