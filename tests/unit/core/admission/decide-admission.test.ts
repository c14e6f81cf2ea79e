import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type AdmissionInput, decideAdmission } from '../../../../core/admission/decide-admission.ts';
import { AXES, type CapacityVector, UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import type { GateName, GateState, GateVerdict } from '../../../../core/gates/gate-state.ts';
import type { MeshView } from '../../../../core/kernel/mesh-view.ts';

const verdict = (over: Partial<GateVerdict>): GateVerdict => ({
  status: 'PASS',
  ratio: 0.5,
  reason: '',
  worst: '',
  evidence: {},
  ...over,
});

const gates = (over: Partial<Record<GateName, Partial<GateVerdict>>> = {}): GateState => ({
  fit: verdict(over.fit ?? {}),
  gluing: verdict(over.gluing ?? {}),
  uv: verdict(over.uv ?? {}),
  isolation: verdict(over.isolation ?? {}),
});

function view(byService: Record<string, GateState>, capacityRps: number | null = 400): MeshView {
  return {
    mesh: 'shop',
    stability: 'stable',
    services: Object.entries(byService).map(([service, state]) => ({
      service,
      gates: state,
      capacityRps,
      capacityConcurrency: null,
      concurrencyLimit: 24,
      controllerMode: 'open',
      inFlight: 0,
      baselineLatencyMs: 20,
      goodputRps: 0,
    })),
    edges: Object.keys(byService).map((service) => ({
      workload: 'checkout',
      service,
      budget: UNLIMITED,
      guaranteeRps: 266.667,
      limitRps: null,
      maxRequests: null,
      offeredRps: 0,
      admittedRps: 0,
      refusedRps: {},
      goodputRps: 0,
      latencyP50Ms: null,
      latencyP99Ms: null,
    })),
    nodes: [],
    actions: [],
    control: { safeMode: false, pausedUntilMs: 0 },
  };
}

const grant = (over: Partial<CapacityVector>): CapacityVector => ({ ...UNLIMITED, ...over });

const decide = (over: Partial<AdmissionInput>) =>
  decideAdmission({
    workload: 'checkout',
    asked: grant({ int: 0.5, ptr: 0.5 }),
    live: [],
    view: view({ payment: gates() }),
    services: ['payment'],
    ...over,
  });

describe('admission (CONTRACT §E)', () => {
  it('admits into an empty account of a stable mesh, without condition', () => {
    deepEqual(decide({}), { admitted: true, conditional: false });
  });

  it('refuses what the account cannot hold and says on which axis and how much is left', () => {
    const decision = decide({ live: [grant({ int: 0.5, ptr: 0.1 }), grant({ int: 0.4 })] });
    equal(decision.admitted, false);
    deepEqual(decision.admitted ? [] : decision.bindingAxes, ['int']);
    equal(decision.admitted ? 1 : Number(decision.available.int?.toFixed(6)), 0.1);
  });

  it('does not add levels', () => {
    equal(decide({ asked: grant({ geo: 1, gauge: 1 }), live: [grant({ geo: 1, gauge: 1 })] }).admitted, true);
  });

  for (const gate of ['fit', 'gluing', 'uv', 'isolation'] as const) {
    it(`refuses while ${gate} fails on one of the workload's services, whatever is asked`, () => {
      const failing = view({ payment: gates({ [gate]: { status: 'FAIL', ratio: 1.2 } }), inventory: gates() });
      const decision = decide({ view: failing, services: ['payment', 'inventory'], asked: grant({ int: 0.01 }) });
      deepEqual(decision.admitted ? null : decision.gatesFailed, [gate]);
    });
  }

  it('does not mind a gate that fails on a service that the workload does not call', () => {
    const other = view({ payment: gates(), inventory: gates({ fit: { status: 'FAIL', ratio: 9 } }) });
    equal(decide({ view: other }).admitted, true);
  });

  for (const reason of ['warmup', 'no-traffic', 'no-capacity']) {
    it(`admits on condition while a gate is UNKNOWN for ${reason}`, () => {
      const unknown = view({ payment: gates({ fit: { status: 'UNKNOWN', ratio: null, reason } }) });
      deepEqual(decide({ view: unknown }), { admitted: true, conditional: true });
    });
  }

  for (const reason of ['stale', 'nonfinite', 'clock']) {
    it(`admits a tenth at most while a gate is UNKNOWN for ${reason}`, () => {
      const blind = view({ payment: gates({ uv: { status: 'UNKNOWN', ratio: null, reason } }) });
      const tenth = { geo: 0.1, int: 0.1, gauge: 0.1, ptr: 0.1, obs: 0.1 };
      deepEqual(decide({ view: blind, asked: tenth }), { admitted: true, conditional: true });
      const more = decide({ view: blind, asked: { ...tenth, int: 0.11 } });
      deepEqual(more.admitted ? null : [more.gatesFailed, more.available.int], [['uv'], 0.1]);
      equal(decide({ view: blind, asked: UNLIMITED }).admitted, false, 'no limit is more than a tenth');
    });
  }

  it('NOT_APPLICABLE counts as passing', () => {
    const quiet = view({
      payment: gates({ isolation: { status: 'NOT_APPLICABLE', ratio: null, reason: 'one_tenant' } }),
    });
    deepEqual(decide({ view: quiet }), { admitted: true, conditional: false });
  });

  it('what-if: refuses a grant that would bring a load-driven gate above 0.9 of its threshold', () => {
    const near = view({ payment: gates({ fit: { ratio: 0.8 } }) });
    equal(decide({ view: near, asked: grant({ int: 0.1 }) }).admitted, true, '0.8 · (1 + 0.1 · 0.667) = 0.853');
    const decision = decide({ view: near, asked: grant({ int: 0.5 }) });
    deepEqual(decision.admitted ? null : decision.gatesFailed, ['fit'], '0.8 · (1 + 0.5 · 0.667) = 1.067');
  });

  it('what-if cannot be computed without a capacity, and admits', () => {
    const unknown = view({ payment: gates({ fit: { ratio: 0.8 } }) }, null);
    equal(decide({ view: unknown, asked: grant({ int: 1 }) }).admitted, true);
  });

  it('a mesh without any measured service admits on condition', () => {
    deepEqual(decide({ view: view({}) }), { admitted: true, conditional: true });
  });

  it('is monotone: what is admitted is admitted in every smaller form', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const vector = fc.record({ geo: share, int: share, gauge: share, ptr: share, obs: share });
    const state = fc.constantFrom<Partial<GateVerdict>>(
      {},
      { ratio: 0.7 },
      { ratio: 0.95 },
      { status: 'UNKNOWN', ratio: null, reason: 'stale' },
      { status: 'UNKNOWN', ratio: null, reason: 'warmup' },
      { status: 'FAIL', ratio: 1.5 },
    );
    fc.assert(
      fc.property(vector, vector, share, state, state, (asked, shrink, used, fit, uv) => {
        const smaller = Object.fromEntries(AXES.map((axis) => [axis, asked[axis] * shrink[axis]])) as typeof asked;
        const over = { view: view({ payment: gates({ fit, uv }) }), live: [grant({ int: used, ptr: used / 2 })] };
        return !decide({ ...over, asked }).admitted || decide({ ...over, asked: smaller }).admitted;
      }),
    );
  });
});
