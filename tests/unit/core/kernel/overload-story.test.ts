import assert from 'node:assert/strict';
import type { KernelEffect, KernelEvent } from '../../../../core/kernel/kernel-io.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { AckingKernel } from '../../../support/acking-kernel.ts';
import { frame, meshConfig } from '../../../support/mesh-fixtures.ts';
import { SimulatedService } from '../../../support/simulated-service.ts';

const WALL_MS = 1_800_000_000_000;

/** payment: 8 workers × 20 ms = 400/s, no capacity declared; checkout matters more than batch. */
const MESH = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { prio: 7, weight: 2 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: { ptr: 0.9 } }, batch: { payment: { ptr: 0.9 } } },
});

/** A kernel with a simulated service behind it; breakers follow the plan 80 ms after each tick. */
class Story {
  readonly service = new SimulatedService({
    service: 'payment',
    workloads: ['checkout', 'batch'],
    workers: 8,
    meanServiceMs: 20,
    timeoutMs: 1000,
    seed: 5,
  });
  readonly kernel = createKernel();
  readonly #shell = new AckingKernel(this.kernel);
  readonly effects: { readonly atSec: number; readonly effect: KernelEffect }[] = [];
  #sec = 0;

  constructor() {
    this.#take({ kind: 'config', config: MESH });
  }

  rates(checkout: number, batch: number): void {
    this.service.setRate('checkout', checkout);
    this.service.setRate('batch', batch);
  }

  runTo(untilSec: number): void {
    while (this.#sec < untilSec) {
      this.#sec++;
      this.service.run(this.#sec);
      const nowMs = 1000 * this.#sec;
      const wallMs = WALL_MS + nowMs;
      this.#take({ kind: 'frame', frame: frame(this.#sec, this.service.counters()), nowMs });
      this.service.run(this.#sec + 0.08);
      this.#take({ kind: 'tick', nowMs, wallMs });
    }
  }

  /** What was told to checkout, as `second: message`. */
  told(): string[] {
    return this.effects.flatMap(({ atSec, effect }) =>
      effect.kind === 'emit-event' && effect.event.workloadId === 'checkout'
        ? [`${atSec}: ${effect.event.message}`]
        : [],
    );
  }

  answered(): Record<string, number> {
    return Object.fromEntries(
      this.service.counters().map((edge) => [edge.workload, edge.latencyBuckets.reduce((a, b) => a + b, 0)]),
    );
  }

  refused(): number {
    return this.service.counters().reduce((sum, edge) => sum + edge.breakerRefused, 0);
  }

  view() {
    return viewOf(this.kernel, 1000 * this.#sec);
  }

  #take(event: KernelEvent): void {
    for (const effect of this.#shell.take(event)) {
      this.effects.push({ atSec: this.#sec, effect });
      if (effect.kind === 'publish-leases') {
        for (const edge of effect.leases.flatMap((lease) => lease.edges)) {
          this.service.setLease(edge, MESH.workloads.get(edge.workload)?.prio ?? 5);
        }
      }
      if (effect.kind !== 'publish-plan') continue;
      for (const edge of effect.plan.services.flatMap((one) => one.edges)) {
        this.service.setLimit(edge.workload, edge.breaker?.maxRequests ?? Number.POSITIVE_INFINITY);
      }
    }
  }
}

describe('kernel: an overload, told as it happens (CONTROL)', () => {
  const story = new Story();

  it('refuses nothing and calls the service stable while it is well', () => {
    story.rates(150, 50);
    story.runTo(90);
    assert.equal(story.refused(), 0);
    const [payment] = story.view().services;
    assert.deepEqual([payment?.gates.fit.status, payment?.gates.uv.status], ['PASS', 'PASS']);
    assert.equal(story.view().stability, 'stable');
    assert.ok(Math.abs((payment?.baselineLatencyMs ?? 0) - 20) < 2, `${payment?.baselineLatencyMs}`);
    assert.deepEqual(
      story.told().map((line) => line.replace(/ \(.*/, '')),
      [
        '2: payment: gluing UNKNOWN → PASS',
        '31: payment: uv UNKNOWN → PASS',
        '32: payment: fit UNKNOWN → PASS',
        '33: payment: isolation UNKNOWN → PASS',
      ],
    );
  });

  it('holds the service at its knee under four times its capacity, within seconds', () => {
    const before = story.answered();
    story.rates(300, 1300);
    story.runTo(130);
    const [payment] = story.view().services;
    assert.equal(payment?.controllerMode, 'trim');
    assert.equal(payment?.gates.fit.status, 'FAIL');
    assert.equal(story.view().stability, 'unstable');
    const started = story.told().filter((line) => line.includes('limit-concurrency started'));
    assert.equal(started.length, 1);
    assert.ok(Number.parseInt(started[0] ?? '', 10) <= 93, started[0]);
    const after = story.answered();
    const [checkout, batch] = ['checkout', 'batch'].map((name) => (after[name] ?? 0) - (before[name] ?? 0));
    assert.ok((checkout ?? 0) + (batch ?? 0) > 0.88 * 400 * 40, `goodput ${((checkout ?? 0) + (batch ?? 0)) / 40}/s`);
    assert.ok((checkout ?? 0) > 0.9 * 300 * 40, `checkout got ${(checkout ?? 0) / 40}/s of 300/s`);
  });

  it('opens again and says that it recovered when the overload is over', () => {
    story.rates(150, 50);
    story.runTo(170);
    const [payment] = story.view().services;
    assert.equal(payment?.controllerMode, 'open');
    assert.equal(payment?.gates.fit.status, 'PASS');
    assert.deepEqual(story.view().actions, []);
    const ended = story.effects.flatMap(({ effect }) =>
      effect.kind === 'emit-event' && effect.event.action?.phase === 'ended' ? [effect.event.action] : [],
    );
    const kinds = new Map(ended.map((action) => [action.kind, action.endCause]));
    assert.deepEqual(Object.fromEntries(kinds), {
      'limit-concurrency': 'recovered',
      'shed-priority': 'recovered',
      'shed-retries': 'recovered',
      'freeze-learning': 'recovered',
    });
  });
});
