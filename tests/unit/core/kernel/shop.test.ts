import assert from 'node:assert/strict';
import type { KernelEffect, KernelEvent } from '../../../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { LATENCY_BUCKET_COUNT, LATENCY_MIDPOINTS_MS } from '../../../../core/substrate/latency-buckets.ts';
import type { EdgeCounters } from '../../../../core/substrate/telemetry-frame.ts';
import { AckingKernel } from '../../../support/acking-kernel.ts';
import { bucketOf, counters, frame, SHOP } from '../../../support/mesh-fixtures.ts';

/** Cumulative counters of the two callers of payment: calls per second and share of them two buckets above 20 ms. */
class Shop {
  readonly events: KernelEvent[] = [];
  #seq = 0;
  readonly #edges = new Map<string, EdgeCounters>();
  instance = 'first';

  constructor() {
    this.events.push({ kind: 'config', config: SHOP });
    for (const name of ['checkout', 'batch']) this.#edges.set(name, counters(name, 'payment'));
  }

  get seq(): number {
    return this.#seq;
  }

  restart(): void {
    this.instance += '+';
    for (const name of this.#edges.keys()) this.#edges.set(name, counters(name, 'payment'));
  }

  /** One second. `slow` of the answers take 1.2² as long, as many 1.2² less. */
  second(spread: { readonly slow: number; readonly fast: number }, change: Partial<EdgeCounters> = {}): void {
    this.#seq++;
    this.#count('checkout', { offered: 320, admitted: 267, level: 12 }, spread, change);
    this.#count('batch', { offered: 200, admitted: 133, level: 4 }, spread, change);
    const nowMs = 1000 * this.#seq;
    const edges = [...this.#edges.values()];
    this.events.push({ kind: 'frame', frame: frame(this.#seq, edges, { instance: this.instance }), nowMs });
    this.events.push({ kind: 'tick', nowMs, wallMs: 1_800_000_000_000 + nowMs });
  }

  #count(
    name: string,
    calls: { readonly offered: number; readonly admitted: number; readonly level: number },
    { slow, fast }: { readonly slow: number; readonly fast: number },
    change: Partial<EdgeCounters>,
  ): void {
    const before = this.#edges.get(name) ?? counters(name, 'payment');
    const middle = bucketOf(20);
    const shares = new Map([
      [middle + 2, slow],
      [middle - 2, fast],
      [middle, 1 - slow - fast],
    ]);
    let latencyMs = 0;
    const latencyBuckets = Array.from({ length: LATENCY_BUCKET_COUNT }, (_, k) => {
      const answers = (shares.get(k) ?? 0) * calls.admitted;
      latencyMs += answers * (LATENCY_MIDPOINTS_MS[k] ?? 0);
      return (before.latencyBuckets[k] ?? 0) + answers;
    });
    this.#edges.set(name, {
      ...before,
      offered: before.offered + calls.offered,
      admitted: before.admitted + calls.admitted,
      refused: { 'budget-exhausted': (before.refused['budget-exhausted'] ?? 0) + calls.offered - calls.admitted },
      attempts: before.attempts + calls.admitted,
      admittedLevelMax: calls.level,
      inFlight: Math.round((calls.admitted * 21) / 1000),
      latencyBuckets,
      latencySumMs: before.latencySumMs + latencyMs,
      ...change,
    });
  }
}

/** Mean ln-latency of the second spread is ln(21/20) above that of the first; both have s² ≈ 0.09. */
const USUAL = { slow: 0.338, fast: 0.338 };
const SHIFT = Math.log(21 / 20) / (2 * Math.log(1.2));
const SLOWER = { slow: USUAL.slow + SHIFT / 2, fast: USUAL.fast - SHIFT / 2 };

function play(events: readonly KernelEvent[], kernel: KernelState = createKernel()): KernelEffect[] {
  const shell = new AckingKernel(kernel);
  return events.flatMap((event) => [...shell.take(event)]);
}

const payment = (kernel: KernelState, nowMs: number) => {
  const view = viewOf(kernel, nowMs).services.find((service) => service.service === 'payment');
  assert.ok(view);
  return view;
};

describe('kernel: the shop of CONTRACT §I', () => {
  it('plans at once, before any frame', () => {
    const [effect] = play([{ kind: 'config', config: SHOP }]);
    assert.ok(effect?.kind === 'publish-plan');
    const edges = effect.plan.services.find((service) => service.service === 'payment')?.edges ?? [];
    assert.deepEqual(
      edges.map((edge) => [edge.workload, edge.guaranteeRps?.toFixed(3), edge.concurrency]),
      [
        ['checkout', '266.667', 16],
        ['batch', '133.333', 8],
      ],
    );
  });

  it('judges payment: fit 0.19, UV 0.225, stable', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 1200; sec++) shop.second(USUAL);
    for (let sec = 0; sec < 10; sec++) shop.second(SLOWER);
    const kernel = createKernel();
    play(shop.events, kernel);
    const { gates } = payment(kernel, 1000 * shop.seq);
    assert.equal(gates.fit.status, 'PASS');
    // 0.193 less the little that the model learned of the ten slower seconds.
    assert.ok(Math.abs((gates.fit.ratio ?? 0) - 0.193) < 0.01, `${gates.fit.ratio}`);
    assert.equal(gates.fit.evidence.u_err, 0);
    assert.equal(gates.fit.evidence.fit_rate, undefined);
    assert.equal(gates.uv.status, 'PASS');
    assert.equal(gates.uv.ratio?.toFixed(3), '0.225');
    assert.equal(gates.uv.worst, 'checkout/payment');
    assert.deepEqual([gates.gluing.status, gates.gluing.ratio], ['PASS', 0]);
  });

  it('tells the capacity that each workload has and uses', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 60; sec++) shop.second(USUAL);
    const events = play(shop.events).flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
    const last = events.findLast((event) => event.workloadId === 'checkout' && event.service === 'payment');
    assert.equal(last?.allocated.int?.toFixed(4), '0.6667');
    assert.equal(last?.allocated.ptr?.toFixed(4), '0.6667');
    assert.ok(Math.abs((last?.consumed.int ?? 0) - 267 / 400) < 1e-9, `${last?.consumed.int}`);
    assert.ok(Math.abs((last?.consumed.ptr ?? 0) - 0.233) < 0.02, `${last?.consumed.ptr}`);
  });

  it('publishes a plan only when its content changed', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 300; sec++) shop.second(USUAL);
    const late = play(shop.events).slice(20);
    assert.equal(late.filter((effect) => effect.kind === 'publish-plan').length, 0);
  });

  it('gives the same effects for the same events', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 90; sec++) shop.second(sec % 40 < 20 ? USUAL : SLOWER);
    assert.deepEqual(play(shop.events), play(shop.events));
  });

  it('loses one tick, and nothing else, when the counters start again', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 60; sec++) shop.second(USUAL);
    shop.restart();
    for (let sec = 0; sec < 60; sec++) shop.second(USUAL);
    const kernel = createKernel();
    const events = play(shop.events, kernel).filter((effect) => effect.kind === 'emit-event');
    const { gates, goodputRps } = payment(kernel, 1000 * shop.seq);
    assert.deepEqual([gates.fit.status, gates.uv.status], ['PASS', 'PASS']);
    assert.ok(Math.abs(goodputRps - 400) < 1e-6);
    assert.ok(events.every((effect) => !effect.event.message.includes('FAIL')));
  });

  it('does not take a missing tick for a silent service', () => {
    for (const lose of [(shop: Shop) => shop.restart(), (shop: Shop) => shop.second(USUAL, { attempts: 0 })]) {
      const shop = new Shop();
      for (let sec = 0; sec < 60; sec++) shop.second(USUAL);
      const kernel = createKernel();
      play(shop.events, kernel);
      const controller = kernel.services.get('payment')?.controller;
      const known = shop.events.length;
      lose(shop);
      if (shop.events.length === known) shop.second(USUAL);
      play(shop.events.slice(known), kernel);
      assert.equal(kernel.services.get('payment')?.controller, controller);
      assert.ok(Math.abs(payment(kernel, 1000 * shop.seq).goodputRps - 400) < 1e-6);
    }
  });

  it('keeps its verdicts for 30 s of blindness and 10 s of doubt, then does not know', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 60; sec++) shop.second(USUAL);
    const kernel = createKernel();
    play(shop.events, kernel);
    const statusAfter = (untilSec: number) => {
      for (let sec = 61; sec <= untilSec; sec++) {
        step(kernel, { kind: 'tick', nowMs: 1000 * sec, wallMs: 1_800_000_000_000 + 1000 * sec });
      }
      return payment(kernel, 1000 * untilSec).gates.fit;
    };
    assert.equal(statusAfter(100).status, 'PASS');
    const blind = statusAfter(102);
    assert.deepEqual([blind.status, blind.reason], ['UNKNOWN', 'stale']);
  });

  it('drops what is not a number and never lets one through', () => {
    const shop = new Shop();
    for (let sec = 0; sec < 40; sec++) shop.second(USUAL);
    shop.second(USUAL, { latencySumMs: Number.NaN });
    shop.second(USUAL, { attempts: Number.POSITIVE_INFINITY });
    const kernel = createKernel();
    play(shop.events, kernel);
    const view = payment(kernel, 1000 * shop.seq);
    assert.equal(view.gates.fit.status, 'PASS');
    assert.ok(Number.isFinite(view.goodputRps) && Number.isFinite(view.baselineLatencyMs));
  });

  it('knows nothing of a service without traffic, and finds no burst in it', () => {
    const events: KernelEvent[] = [{ kind: 'config', config: SHOP }];
    for (let sec = 1; sec <= 40; sec++) {
      events.push({ kind: 'frame', frame: frame(sec, []), nowMs: 1000 * sec });
      events.push({ kind: 'tick', nowMs: 1000 * sec, wallMs: 1000 * sec });
    }
    const kernel = createKernel();
    play(events, kernel);
    const { gates } = payment(kernel, 40_000);
    assert.deepEqual([gates.fit.status, gates.fit.reason], ['UNKNOWN', 'no-traffic']);
    assert.deepEqual([gates.uv.status, gates.uv.ratio], ['PASS', 0]);
  });
});
