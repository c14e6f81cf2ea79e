import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type AdmissionInput, assessAdmission, decideAdmission } from '../../../../core/admission/decide-admission.ts';
import { queueGrowth } from '../../../../core/admission/latency-growth.ts';
import { outlookOf } from '../../../../core/admission/what-if.ts';
import { type CapacityVector, UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import {
  admissionScene,
  curveThrough,
  edgeScene,
  type GatesSketch,
  gates,
  poolScene,
} from '../../../support/admission-scenes.ts';

const grant = (over: Partial<CapacityVector>): CapacityVector => ({ ...UNLIMITED, ...over });

const withGates = (over: GatesSketch) => admissionScene([poolScene('payment', { gates: gates(over) })]);

const input = (over: Partial<AdmissionInput>): AdmissionInput => ({
  workload: 'checkout',
  asked: grant({ int: 0.5, ptr: 0.5 }),
  live: [],
  scene: withGates({}),
  ...over,
});
const decide = (over: Partial<AdmissionInput> = {}) => decideAdmission(input(over));
const refusal = (over: Partial<AdmissionInput>) => {
  const decision = decide(over);
  ok(!decision.admitted, 'it is admitted');
  return decision;
};
const forecast = (over: Partial<AdmissionInput>) => outlookOf(assessAdmission(input(over)).services);
const near = (actual: number | null, expected: number) =>
  ok(actual !== null && Math.abs(actual - expected) < 1e-9, `${actual} instead of ${expected}`);

describe('admission (CONTRACT §E)', () => {
  it('admits into an empty account of a stable mesh, without condition', () => {
    deepEqual(decide(), { admitted: true, conditional: false });
  });

  it('refuses what the account cannot hold and says on which axis and how much is left', () => {
    const decision = refusal({ live: [grant({ int: 0.5, ptr: 0.1 }), grant({ int: 0.4 })] });
    deepEqual([decision.bindingAxes, decision.gatesFailed], [['int'], []]);
    equal(Number(decision.available.int?.toFixed(6)), 0.1);
  });

  it('does not add levels', () => {
    const levels = grant({ geo: 1, gauge: 1 });
    const scene = admissionScene([poolScene('payment', { live: levels })]);
    equal(decide({ scene, asked: levels, live: [levels] }).admitted, true);
  });

  for (const gate of ['fit', 'gluing', 'uv', 'isolation'] as const) {
    it(`refuses while ${gate} fails on one of the workload's services, whatever is asked`, () => {
      const failing = poolScene('payment', { gates: gates({ [gate]: { status: 'FAIL', ratio: 1.2 } }) });
      const decision = refusal({
        scene: admissionScene([failing, poolScene('inventory')]),
        asked: grant({ int: 0.01 }),
      });
      deepEqual([decision.gatesFailed, decision.available.int], [[gate], 0]);
      equal(decision.message, `${gate} of payment fails`);
    });
  }

  it('does not mind a gate that fails on a service that the workload does not call', () => {
    const foreign = [edgeScene('inventory', { workload: 'batch' })];
    const failing = poolScene('inventory', { gates: gates({ fit: { status: 'FAIL', ratio: 9 } }) }, foreign);
    equal(decide({ scene: admissionScene([poolScene('payment'), failing]) }).admitted, true);
  });

  for (const reason of ['warmup', 'no-traffic', 'no-capacity']) {
    it(`admits on condition while a gate is UNKNOWN for ${reason}`, () => {
      const scene = withGates({ fit: { status: 'UNKNOWN', ratio: null, reason } });
      deepEqual(decide({ scene }), { admitted: true, conditional: true });
    });
  }

  for (const reason of ['stale', 'nonfinite', 'clock']) {
    it(`admits a tenth at most while a gate is UNKNOWN for ${reason}`, () => {
      const scene = withGates({ uv: { status: 'UNKNOWN', ratio: null, reason } });
      const tenth = { geo: 0.1, int: 0.1, gauge: 0.1, ptr: 0.1, obs: 0.1 };
      deepEqual(decide({ scene, asked: tenth }), { admitted: true, conditional: true });
      const more = refusal({ scene, asked: { ...tenth, int: 0.11 } });
      deepEqual([more.gatesFailed, more.bindingAxes, more.available.int], [['uv'], ['int'], 0.1]);
      equal(decide({ scene, asked: UNLIMITED }).admitted, false, 'no limit is more than a tenth');
    });
  }

  it('offers the blind what the account has room for: a null is charged as 0, what takes its place is not', () => {
    const scene = withGates({ uv: { status: 'UNKNOWN', ratio: null, reason: 'stale' } });
    const { available } = refusal({ scene, asked: UNLIMITED, live: [grant({ int: 0.5, ptr: 0.96 })] });
    deepEqual([available.int, Number(available.ptr?.toFixed(6))], [0.1, 0.04]);
  });

  it('NOT_APPLICABLE counts as passing', () => {
    const scene = withGates({ isolation: { status: 'NOT_APPLICABLE', ratio: null, reason: 'one_tenant' } });
    deepEqual(decide({ scene }), { admitted: true, conditional: false });
  });

  it('a mesh without any measured service admits on condition', () => {
    deepEqual(decide({ scene: admissionScene([]) }), { admitted: true, conditional: true });
  });

  it('a grant that follows a live one of the same workload adds no load', () => {
    const full = [edgeScene('payment', { loadRps: 260 }), edgeScene('payment', { workload: 'batch', loadRps: 110 })];
    const scene = admissionScene([poolScene('payment', {}, full)]);
    equal(decide({ scene, asked: UNLIMITED, live: [UNLIMITED] }).admitted, true);
    const busy = [edgeScene('payment', { loadRps: 0 }), edgeScene('payment', { workload: 'batch', loadRps: 290 })];
    equal(decide({ scene: admissionScene([poolScene('payment', {}, busy)]), asked: UNLIMITED }).admitted, false);
  });

  it('is more careful after surprises: a smaller cold start, a larger margin', () => {
    const blind = poolScene('payment', { gates: gates({ uv: { status: 'UNKNOWN', ratio: null, reason: 'stale' } }) });
    const share = (value: number) => ({ geo: value, int: value, gauge: value, ptr: value, obs: value });
    equal(decide({ scene: admissionScene([blind], 1), asked: share(0.05) }).admitted, true);
    equal(decide({ scene: admissionScene([blind], 1), asked: share(0.06) }).admitted, false);
    const close = poolScene('payment', { gates: gates({ gluing: { ratio: 0.88 } }) });
    equal(decide({ scene: admissionScene([close]) }).admitted, true);
    deepEqual(refusal({ scene: admissionScene([close], 1) }).gatesFailed, ['gluing']);
  });
});

describe('what-if of a grant (MATHS §B7)', () => {
  it('fit: congestion follows the queue at ρ_e + c·guarantee', () => {
    // 100 + 0.5·266.667 = 233.333 calls/s of 400; eight servers.
    const growth = queueGrowth(100 + 400 / 3, 400, 0.02) / queueGrowth(100, 400, 0.02);
    near(forecast({ scene: withGates({ fit: { ratio: 0 } }) }).fit.u, growth / 3);
    near(forecast({ scene: withGates({ fit: { ratio: 0.85 } }) }).fit.u, 0.85);
  });

  it('refuses what would bring congestion above 0.9 of its limit, and offers what would not', () => {
    const busy = poolScene('payment', {}, [
      edgeScene('payment'),
      edgeScene('payment', { workload: 'batch', loadRps: 150 }),
    ]);
    const scene = admissionScene([{ ...busy, gates: gates({ isolation: { status: 'NOT_APPLICABLE', ratio: null } }) }]);
    const decision = refusal({ scene, asked: UNLIMITED });
    deepEqual([decision.gatesFailed, decision.bindingAxes], [['fit'], ['int']]);
    equal(decision.message, 'fit of payment would come above 0.9 of its threshold');
    const int = decision.available.int ?? 0;
    ok(int > 0.7 && int < 0.9, `${int}`);
    deepEqual(decision.available, { ...UNLIMITED, int });
    equal(decide({ scene, asked: decision.available }).admitted, true);
    equal(decide({ scene, asked: grant({ int: int + 2e-5 }) }).admitted, false);
  });

  it('isolation: the others wait as much longer as latency grows', () => {
    const growth = queueGrowth(100 + 400 / 3, 400, 0.02) / queueGrowth(100, 400, 0.02);
    const scene = withGates({ isolation: { ratio: 0.1, evidence: { isolation_level: 0.1 } } });
    near(forecast({ scene }).isolation.u, 0.1 + Math.log(growth) / Math.log(1.5));
  });

  it('isolation: what an antagonist explains grows with its load', () => {
    const own = [edgeScene('payment', { loadRps: 50 }), edgeScene('payment', { workload: 'batch', loadRps: 50 })];
    const pool = { gates: gates({ isolation: { ratio: 0.2, worst: 'checkout', evidence: { isolation: 0.03 } } }) };
    const scene = admissionScene([poolScene('payment', pool, own)]);
    // 50 + 0.3·266.667 = 130: 2.6 times the load.
    near(forecast({ scene, asked: grant({ int: 0.3 }) }).isolation.u, (0.03 * 2.6) / (0.03 * 2.6 + 0.97) / 0.15);
  });

  it('UV: independent calls stray with the root of their rate', () => {
    const own = [edgeScene('payment', { loadRps: 20, burstRatio: 0.3 })];
    const scene = admissionScene([poolScene('payment', {}, own)]);
    // 20 + 0.6·266.667 = 180 calls/s.
    const { uv } = forecast({ scene, asked: grant({ int: 0.6 }) });
    near(uv.u, 0.9);
    equal(uv.worst, 'payment: checkout/payment');
  });

  it('UV: a caller that is held at its burst keeps nobody else out, retries do', () => {
    const own = [
      edgeScene('payment', { loadRps: 20, burstRatio: 0.2 }),
      edgeScene('payment', { workload: 'batch', loadRps: 80, burstRatio: 0.99 }),
    ];
    const uvNow = (retry_ratio: number) => ({
      scene: admissionScene([
        poolScene(
          'payment',
          { gates: gates({ uv: { ratio: 0.99, worst: 'batch/payment', evidence: { u_burst: 0.99, retry_ratio } } }) },
          own,
        ),
      ]),
      asked: grant({ int: 0.2 }),
    });
    ok(decide(uvNow(0.01)).admitted);
    equal(forecast(uvNow(0.01)).uv.worst, 'payment: checkout/payment');
    deepEqual(refusal(uvNow(0.19)).gatesFailed, ['uv']);
  });

  it('thresholds follow the levels that the grant would bring', () => {
    const scene = admissionScene([
      poolScene('payment', {
        live: grant({ geo: 0.2 }),
        gates: gates({ fit: { ratio: 0.6 }, gluing: { ratio: 0.3, evidence: { u_counter: 0.3 } } }),
      }),
    ]);
    const { fit, gluing } = forecast({ scene, asked: grant({ int: 0, geo: 0.6 }) });
    near(fit.u, (0.6 * (1 - 0.1)) / (1 - 0.3));
    near(gluing.u, 0.3 * 10 ** 0.4);
  });

  it('follows the curve that was learned, as far as it was learned, and a queue from there on', () => {
    const latencyMs = (load: number) => 20 + 0.1 * load;
    const curves = [curveThrough(latencyMs, [50, 80, 110, 150, 180, 200])];
    const fitAt = (int: number, capacityRps: number | null) => {
      const pool = poolScene('payment', { curves, capacityRps, gates: gates({ fit: { ratio: 0 } }) });
      return forecast({ scene: admissionScene([pool]), asked: grant({ int }) }).fit;
    };
    // 0.3·266.667 = 80: within the curve; 0.75·266.667 = 200: 100 beyond it.
    near(fitAt(0.3, 400).u, latencyMs(180) / latencyMs(100) / 3);
    const beyond = queueGrowth(300, 400, 0.02) / queueGrowth(200, 400, 0.02);
    near(fitAt(0.75, 400).u, ((latencyMs(200) / latencyMs(100)) * beyond) / 3);
    const open = fitAt(0.75, null);
    equal(open.status, 'UNKNOWN');
    near(open.u, latencyMs(200) / latencyMs(100) / 3);
  });

  it('without a capacity it cannot be said, and is admitted on condition', () => {
    const scene = admissionScene([
      poolScene('payment', { capacityRps: null }, [edgeScene('payment', { guaranteeRps: null, burstRatio: null })]),
    ]);
    deepEqual(decide({ scene, asked: grant({ int: 1 }) }), { admitted: true, conditional: true });
    equal(forecast({ scene, asked: grant({ int: 1 }) }).fit.status, 'UNKNOWN');
    deepEqual(decide({ scene, asked: grant({ int: 0 }) }), { admitted: true, conditional: false });
  });

  it('reaches the services that are called in turn, through the calls that each request makes', () => {
    const inventory = [
      edgeScene('inventory', { workload: 'payment', loadRps: 200, guaranteeRps: 1000, callsPerRequest: 2 }),
    ];
    const scene = admissionScene([
      poolScene('payment', { capacityRps: 1000 }),
      poolScene('inventory', { capacityRps: 700 }, inventory),
    ]);
    const { services } = assessAdmission(input({ scene, asked: grant({ int: 0.6 }) }));
    // 160 more calls to payment make 320 more to inventory.
    deepEqual(
      services.map(({ service, nowRps, thenRps }) => [service, nowRps, Math.round(thenRps)]),
      [
        ['payment', 100, 260],
        ['inventory', 200, 520],
      ],
    );
    const decision = refusal({ scene, asked: grant({ int: 1 }) });
    deepEqual(
      decision.message,
      'fit of inventory would come above 0.9 of its threshold; isolation of inventory would come above 0.9 of its threshold',
    );
  });

  it('follows calls in a circle no further than budgets let them', () => {
    const a = edgeScene('a', { workload: 'b', loadRps: 10, guaranteeRps: 50, callsPerRequest: 1 });
    const b = edgeScene('b', { workload: 'a', loadRps: 10, guaranteeRps: 50, callsPerRequest: 1 });
    const scene = admissionScene([
      poolScene('a', {}, [edgeScene('a', { guaranteeRps: 100 }), a]),
      poolScene('b', {}, [b]),
    ]);
    const { services } = assessAdmission(input({ scene, asked: grant({ int: 1 }) }));
    deepEqual(
      services.map(({ service, thenRps }) => [service, thenRps]),
      [
        ['a', 150],
        ['b', 50],
      ],
    );
  });
});
