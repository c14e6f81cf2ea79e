import assert from 'node:assert/strict';
import type { GateName, GateState, GateVerdict } from '../../../../core/gates/gate-state.ts';
import { judge, notApplicable, unknown } from '../../../../core/gates/verdict.ts';
import {
  ACTION_TERM_MS,
  type ActionBook,
  type ActionTick,
  EMPTY_ACTION_BOOK,
  followActions,
} from '../../../../core/stability/action-book.ts';
import { edgeEffects } from '../../../../core/stability/edge-effects.ts';
import type { Measure } from '../../../../core/stability/measure.ts';
import type { RunningAction } from '../../../../core/stability/running-action.ts';
import { StabilityController } from '../../../../core/stability/stability-controller.ts';
import type { StabilityScene } from '../../../../core/stability/stability-scene.ts';
import { sceneEdge, stabilityScene } from '../../../support/stability-scenes.ts';

const controller = new StabilityController();
const PASSING: GateState = { fit: judge(0), gluing: judge(0), uv: judge(0), isolation: judge(0) };

const scene = (gate: GateName, verdict: GateVerdict, more: Partial<StabilityScene> = {}): StabilityScene =>
  stabilityScene({ gates: { ...PASSING, [gate]: verdict }, ...more });

const kinds = (measures: readonly Measure[]): string[] => measures.map(({ kind, target }) => `${kind} ${target}`);

let ids = 0;
const tickAt = (nowMs: number, gates: GateState, more: Partial<ActionTick> = {}): ActionTick => ({
  nowMs,
  wallMs: 1_800_000_000_000 + nowMs,
  windowMs: () => 1000,
  gates,
  judged: true,
  mayStart: true,
  safeMode: false,
  isShadowed: () => false,
  isCancelled: () => false,
  binds: () => false,
  nextId: () => `a${++ids}`,
  ...more,
});

/** Decides and follows once a second while `sceneAt` says what is so. */
function play(
  from: ActionBook,
  seconds: readonly [number, number],
  sceneAt: (running: readonly RunningAction[], nowMs: number) => StabilityScene,
  more: Partial<ActionTick> = {},
) {
  let book = from;
  const told: string[] = [];
  for (let sec = seconds[0]; sec < seconds[1]; sec++) {
    const now = sceneAt(book.running, 1000 * sec);
    const followed = followActions(book, controller.decide(now), tickAt(1000 * sec, now.gates, more));
    ({ book } = followed);
    for (const { record } of followed.told) {
      told.push(`${sec}: ${record.kind} ${record.phase} ${record.size} ${record.endCause}`.trim());
    }
  }
  return { book, told };
}

const effectOn = (book: ActionBook, key: `${string}/${string}`) => edgeEffects(book.running).get(key);

function throttleOf(tenant: string): RunningAction {
  const edges = [{ key: `${tenant}/payment`, usedRps: 100, usedInFlight: 4, guaranteeRps: 200, shed: null }] as const;
  const measure = { gate: 'isolation', horizon: 'immediate', kind: 'throttle', target: tenant, size: 0.7 } as const;
  const failing = { ...PASSING, isolation: judge(2) };
  const { book } = followActions(EMPTY_ACTION_BOOK, [{ ...measure, edges, victim: 'checkout' }], tickAt(0, failing));
  return book.running[0] ?? assert.fail('nothing was started');
}

describe('StabilityController', () => {
  describe('onFitViolation', () => {
    it('without harm only freezes the learning', () => {
      assert.deepEqual(kinds(controller.decide(scene('fit', judge(5), { trimming: true }))), [
        'freeze-learning payment',
      ]);
    });

    it('while the service is held, sheds retries first and, after five seconds, the lowest class', () => {
      const held = { harm: ['pool'], trimming: true, capacityRps: 100 } as const;
      const edges = [
        sceneEdge('checkout', { prio: 7, admittedRps: 100 }),
        sceneEdge('batch', { prio: 2, admittedRps: 900, breakerRefusedRps: 800 }),
      ];
      assert.deepEqual(kinds(controller.decide(scene('fit', judge(5), { ...held, edges, trimmingMs: 4999 }))), [
        'freeze-learning payment',
        'shed-retries payment',
      ]);
      const { book } = play(EMPTY_ACTION_BOOK, [0, 1], (running) =>
        scene('fit', judge(5), { ...held, edges, trimmingMs: 5000, running }),
      );
      // 1000 arrive, 200 are kept: 800 of batch's 900 are shed.
      const batch = effectOn(book, 'batch/payment');
      assert.deepEqual([batch?.shedBelowPrio, batch?.shedRatio, batch?.shedRetries], [3, 0.9, true]);
      const checkout = effectOn(book, 'checkout/payment');
      assert.equal(checkout?.shedBelowPrio, 2, 'only calls that it marks as less than batch');
      assert.equal(checkout?.retryPercent, 5);
    });

    it('leaves first attempts alone where it is retries that are too many', () => {
      const held = { harm: ['pool'], trimming: true, trimmingMs: 9999, capacityRps: 100 } as const;
      const storm = [sceneEdge('checkout', { admittedRps: 1000, retriesRps: 800, breakerRefusedRps: 900 })];
      assert.deepEqual(kinds(controller.decide(scene('fit', judge(5), { ...held, edges: storm }))), [
        'freeze-learning payment',
        'shed-retries payment',
      ]);
      // Of 400 first attempts 200 are kept, twice what is answered.
      const more = [sceneEdge('checkout', { admittedRps: 1200, retriesRps: 800, breakerRefusedRps: 900 })];
      const [, shed] = controller.decide(scene('fit', judge(5), { ...held, edges: more }));
      assert.deepEqual([shed?.kind, shed?.size], ['shed-priority', 0.5]);
    });

    it('never sheds more than the policy allows of all calls', () => {
      const edges = [sceneEdge('batch', { admittedRps: 1000, breakerRefusedRps: 900 })];
      const policy = { maxShedRatio: 0.3, shadow: [], fence: false };
      const [, shed] = controller.decide(
        scene('fit', judge(5), { harm: ['pool'], trimming: true, trimmingMs: 9999, capacityRps: 50, edges, policy }),
      );
      assert.deepEqual([shed?.kind, shed?.size], ['shed-priority', 0.3]);
    });

    it('after 30 s of errors takes rate from the least important caller, a step in 30 s, never what is answered', () => {
      const failing = (running: readonly RunningAction[], nowMs: number) =>
        scene('fit', judge(3), {
          harm: ['errors'],
          running,
          nowMs,
          fitFailingMs: nowMs,
          edges: [sceneEdge('checkout', { prio: 7 }), sceneEdge('batch', { prio: 2, goodRps: 60 })],
        });
      const { book, told } = play(EMPTY_ACTION_BOOK, [0, 100], failing);
      assert.deepEqual(
        told.filter((line) => line.includes('reallocate')),
        ['30: reallocate started 0.7', '60: reallocate changed 0.49', '90: reallocate changed 0.343'],
      );
      assert.deepEqual([...edgeEffects(book.running).keys()], ['batch/payment']);
      assert.equal(effectOn(book, 'batch/payment')?.rateRps, 0.343 * 200);
    });

    it('takes rate from nobody while one tenant is seen to harm the others', () => {
      const failing = scene('fit', judge(3), { harm: ['latency'], fitFailingMs: 30_000 });
      assert.deepEqual(kinds(controller.decide(failing)), ['freeze-learning payment', 'reallocate batch/payment']);
      const gates = { ...failing.gates, isolation: judge(1.5, { worst: 'batch' }) };
      assert.deepEqual(kinds(controller.decide({ ...failing, gates })), ['freeze-learning payment']);
      const running = [throttleOf('batch')];
      assert.ok(!kinds(controller.decide({ ...failing, running })).includes('reallocate batch/payment'));
    });
  });

  describe('onUvViolation', () => {
    const bursting: GateVerdict = { ...judge(3, { worst: 'batch/payment' }), evidence: { u_burst: 3, retry_ratio: 0 } };

    it('without harm only advises larger batches', () => {
      assert.deepEqual(kinds(controller.decide(scene('uv', bursting))), ['advise-batching batch/payment']);
    });

    it('takes nothing where the policy lets no call be shed', () => {
      const policy = { maxShedRatio: 0, shadow: [], fence: false };
      const harmed = scene('uv', bursting, { harm: ['latency'], policy });
      assert.deepEqual(kinds(controller.decide(harmed)), ['advise-batching batch/payment']);
    });

    it('cuts the burst in steps to a tenth, and gives it back in small ones', () => {
      const at = (verdict: GateVerdict) => (running: readonly RunningAction[], nowMs: number) =>
        scene('uv', verdict, { harm: ['latency'], running, nowMs });
      const cut = play(EMPTY_ACTION_BOOK, [0, 60], at(bursting), { binds: () => true });
      const sizes = cut.told.filter((line) => line.includes('cut-burst')).map((line) => Number(line.split(' ')[3]));
      assert.equal(sizes[0], 0.7);
      assert.equal(sizes.at(-1), 0.1);
      const effect = effectOn(cut.book, 'batch/payment');
      assert.deepEqual([effect?.rateRps, effect?.burstFactor], [200, 0.1], 'the guaranteed rate stays');
      const given = play(cut.book, [60, 65], at(judge(0.2)), { binds: () => true });
      assert.equal(effectOn(given.book, 'batch/payment')?.burstFactor, 0.15);
      const calm = play(given.book, [65, 75], at(judge(0.2)));
      assert.deepEqual(calm.book.running, []);
      assert.match(calm.told.at(-1) ?? '', /cut-burst ended .* recovered/);
    });

    it('in a retry storm cuts retry budgets at once, and sheds retries where there is harm', () => {
      const storm: GateVerdict = { ...judge(2), evidence: { u_burst: 0, retry_ratio: 0.4, amplification: 0.4 } };
      const quiet = play(EMPTY_ACTION_BOOK, [0, 1], (running) => scene('uv', storm, { running }));
      const before = effectOn(quiet.book, 'checkout/payment');
      assert.deepEqual([before?.retryPercent, before?.shedRetries], [5, false]);
      const harmed = play(quiet.book, [1, 2], (running) => scene('uv', storm, { running, harm: ['errors'] }));
      assert.equal(effectOn(harmed.book, 'checkout/payment')?.shedRetries, true);
      const over = play(harmed.book, [2, 10], (running) => scene('uv', judge(0), { running }));
      assert.deepEqual(over.told, ['6: shed-retries ended 5 recovered']);
    });
  });

  describe('onGluingViolation', () => {
    it('holds the roll-out and shortens leases, and ends both with the failure', () => {
      const { book, told } = play(EMPTY_ACTION_BOOK, [0, 2], (running) => scene('gluing', judge(4), { running }));
      assert.deepEqual(told, ['0: hold-rollout started 0', '0: shorten-leases started 0.5']);
      assert.equal(effectOn(book, 'batch/payment')?.leaseFactor, 0.5);
      const over = play(book, [2, 9], (running) => scene('gluing', judge(0), { running }));
      assert.deepEqual(over.told, ['2: hold-rollout ended 0 recovered', '6: shorten-leases ended 0.5 recovered']);
    });
  });

  describe('onIsolationViolation', () => {
    const harmed: GateVerdict = {
      ...judge(2, { worst: 'batch' }),
      evidence: { isolation_level: 2, 'victim/checkout': 2 },
    };
    const suffering = { expectedLatency: () => Math.log(20), latencies: () => Array.from({ length: 8 }, () => 4) };
    const at =
      (more: Partial<StabilityScene>, verdict = harmed) =>
      (running: readonly RunningAction[], nowMs: number) =>
        scene('isolation', verdict, { ...suffering, running, nowMs, ...more });

    it('lets a suspect go whose probe shows nothing, and does not probe it again for 30 s', () => {
      const { told } = play(EMPTY_ACTION_BOOK, [0, 61], at({}));
      assert.deepEqual(told, [
        '0: probe started 0.9',
        '10: probe changed 0.63',
        '20: probe changed 0.441',
        '30: probe ended 0.441 not-confirmed',
        '60: probe started 0.9',
      ]);
    });

    it('holds a throttle while the calls it holds back are as heavy as before, though nobody suffers', () => {
      const decide = (batchMs: number): string[] =>
        kinds(
          controller.decide(
            scene('isolation', judge(0.1), {
              running: [throttleOf('batch')],
              expectedLatency: () => Math.log(20),
              nearestLatency: () => Math.log(20),
              latencies: (tenant) => new Array<number>(5).fill(Math.log(tenant === 'batch' ? batchMs : 20)),
            }),
          ),
        );
      assert.deepEqual(decide(200), ['throttle batch']);
      assert.deepEqual(decide(25), []);
    });

    it('throttles a confirmed one by rate and by calls in flight, to a tenth at most', () => {
      const probed = play(EMPTY_ACTION_BOOK, [0, 3], at({}));
      const fell = play(
        probed.book,
        [3, 10],
        at({ latencies: (_, ticks) => Array.from({ length: Math.min(8, ticks) }, () => 3) }),
      );
      assert.ok(fell.told.includes('7: probe ended 0.9 confirmed'), fell.told.join());
      const goesOn = play(fell.book, [10, 80], at({ confirmed: new Set(['batch']) }));
      const effect = effectOn(goesOn.book, 'batch/payment');
      assert.deepEqual(
        [effect?.rateRps, effect?.concurrency],
        [20, 1],
        'a tenth of its guarantee, of its 4 in flight 0.4',
      );
      assert.equal(effectOn(goesOn.book, 'checkout/payment'), undefined);
      assert.ok(!kinds(controller.decide(at({})(goesOn.book.running, 200_000))).includes('fence batch'));
      const policy = { maxShedRatio: 0.9, shadow: [], fence: true } as const;
      const fenced = play(goesOn.book, [80, 81], at({ policy }));
      assert.equal(effectOn(fenced.book, 'batch/payment')?.fenced, true);
    });

    it('leaves a tenth at least to a suspect that offers nothing now', () => {
      const quiet = [sceneEdge('checkout', { prio: 7 }), sceneEdge('batch', { offeredRps: 0, admittedRps: 0 })];
      const [measure] = controller.decide(at({ edges: quiet })([], 0));
      assert.deepEqual([measure?.kind, measure?.size], ['probe', 0.9]);
    });

    it('throttles without a second probe who was confirmed lately', () => {
      const [measure, ...others] = controller.decide(at({ confirmed: new Set(['batch']) })([], 0));
      assert.deepEqual([measure?.kind, measure?.target, measure?.size, others], ['throttle', 'batch', 0.7, []]);
    });

    it('does nothing where nobody is named, nobody suffers, or the service is overloaded', () => {
      for (const more of [
        { gates: { ...PASSING, isolation: { ...harmed, worst: '' } } },
        { gates: { ...PASSING, isolation: { ...harmed, worst: '~rest' } } },
        { expectedLatency: () => 4 },
        { expectedLatency: () => null },
        { trimming: true },
        { overloadEvidence: 0.3 },
        { confirmed: new Set(['checkout']) },
        { policy: { maxShedRatio: 0, shadow: [], fence: true } },
      ]) {
        assert.deepEqual(controller.decide(at(more)([], 0)), [], JSON.stringify(more));
      }
    });

    it('suspects the one who is named as victim where its own calls became heavier, if the other suffers', () => {
      const heavier = { nearestLatency: () => 3.9 };
      const [measure, ...others] = controller.decide(at(heavier)([], 0));
      assert.deepEqual([measure?.kind, measure?.target, measure?.victim, others], ['probe', 'checkout', 'batch', []]);
      const well = { ...heavier, expectedLatency: (tenant: string) => (tenant === 'batch' ? 4 : 3) };
      assert.deepEqual(controller.decide(at(well)([], 0)), []);
      assert.deepEqual(controller.decide(at({ ...heavier, confirmed: new Set(['batch']) })([], 0)), []);
    });
  });

  it('does nothing about a UV gate that says neither which edge bursts nor who retries', () => {
    const silent: GateVerdict = { ...judge(2, { worst: 'batch/payment' }), evidence: {} };
    assert.deepEqual(controller.decide(scene('uv', silent, { harm: ['errors'] })), []);
  });

  it('takes rate from the lowest class first, in a class from who is offered most', () => {
    const edges = [sceneEdge('checkout', { prio: 7 }), sceneEdge('batch'), sceneEdge('web', { offeredRps: 150 })];
    const failing = scene('fit', judge(2), { edges, harm: ['errors'], fitFailingMs: 40_000 });
    assert.deepEqual(kinds(controller.decide(failing)), ['freeze-learning payment', 'reallocate web/payment']);
  });

  it('never acts on UNKNOWN or NOT_APPLICABLE', () => {
    for (const verdict of [unknown('stale'), notApplicable('one-tenant')]) {
      const gates = { fit: verdict, gluing: verdict, uv: verdict, isolation: verdict };
      assert.deepEqual(controller.decide(scene('fit', verdict, { gates, harm: ['errors', 'pool'] })), []);
    }
  });
});

describe('actions of a service', () => {
  const failing = (running: readonly RunningAction[]) => scene('gluing', judge(4), { running });
  const blind = (running: readonly RunningAction[]) => scene('gluing', unknown('stale'), { running });

  it('run out by themselves when no verdict renews them', () => {
    const { book } = play(EMPTY_ACTION_BOOK, [0, 5], failing);
    const { told } = play(book, [5, 40], blind);
    const ends = 4 + ACTION_TERM_MS / 1000;
    assert.deepEqual(told, [`${ends}: hold-rollout ended 0 expired`, `${ends}: shorten-leases ended 0.5 expired`]);
    assert.deepEqual(play(book, [5, 35], failing, { judged: false }).told, told);
  });

  it('begin once in 30 s, end at once in safe mode or by their id, and do not begin while paused', () => {
    const { book } = play(EMPTY_ACTION_BOOK, [0, 1], failing);
    const safe = play(book, [1, 2], failing, { safeMode: true });
    assert.deepEqual(safe.book.running, []);
    assert.ok(safe.told.every((line) => line.endsWith('safe-mode')));
    assert.deepEqual(play(safe.book, [2, 30], failing).told, []);
    assert.equal(play(safe.book, [30, 31], failing).told.length, 2);
    assert.deepEqual(play(EMPTY_ACTION_BOOK, [0, 5], failing, { mayStart: false }).told, []);
    const [first] = book.running;
    const cancelled = play(book, [20, 45], failing, { isCancelled: (id) => id === first?.record.id });
    assert.deepEqual(cancelled.told, ['20: hold-rollout ended 0 cancelled']);
  });

  it('have no effect in the shadow, and are told', () => {
    const { book, told } = play(EMPTY_ACTION_BOOK, [0, 1], failing, { isShadowed: (gate) => gate === 'gluing' });
    assert.equal(told.length, 2);
    assert.ok(book.running.every(({ record }) => record.shadow));
    assert.equal(edgeEffects(book.running).size, 0);
  });
});
