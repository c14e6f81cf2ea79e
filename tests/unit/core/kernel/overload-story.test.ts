import assert from 'node:assert/strict';
import { KernelStory } from '../../../support/kernel-story.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { simulatedPayment } from '../../../support/simulated-service.ts';

/** payment: 8 workers × 20 ms = 400/s, no capacity declared; checkout matters more than batch. */
const MESH = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { prio: 7, weight: 2 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: { ptr: 0.9 } }, batch: { payment: { ptr: 0.9 } } },
});

class Story extends KernelStory {
  constructor() {
    super(MESH, simulatedPayment(5));
  }

  rates(checkout: number, batch: number): void {
    this.service.setRate('checkout', checkout);
    this.service.setRate('batch', batch);
  }

  answered(): Record<string, number> {
    return Object.fromEntries(
      this.service.counters().map((edge) => [edge.workload, edge.latencyBuckets.reduce((a, b) => a + b, 0)]),
    );
  }

  refused(): number {
    return this.service.counters().reduce((sum, edge) => sum + edge.breakerRefused, 0);
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
      story.told('checkout').map((line) => line.replace(/ \(.*/, '')),
      [
        '2: payment: gluing UNKNOWN → PASS',
        '31: payment: uv UNKNOWN → PASS',
        '32: payment: fit UNKNOWN → PASS',
        '38: payment: isolation UNKNOWN → PASS',
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
    const started = story.told('checkout').filter((line) => line.includes('limit-concurrency started'));
    assert.equal(started.length, 1);
    assert.ok(Number.parseInt(started[0] ?? '', 10) <= 93, started[0]);
    const after = story.answered();
    const [checkout, batch] = ['checkout', 'batch'].map((name) => (after[name] ?? 0) - (before[name] ?? 0));
    assert.ok((checkout ?? 0) + (batch ?? 0) > 0.88 * 400 * 40, `goodput ${((checkout ?? 0) + (batch ?? 0)) / 40}/s`);
    const shed = new Map(story.service.counters().map((edge) => [edge.workload, edge.refused['shed-priority'] ?? 0]));
    assert.ok((shed.get('batch') ?? 0) > 20_000, `${shed.get('batch')} of batch were shed`);
    assert.equal(shed.get('checkout'), 0, 'what matters more is not shed');
    assert.ok((checkout ?? 0) > 0.9 * 300 * 40, `checkout got ${(checkout ?? 0) / 40}/s of 300/s`);
  });

  it('opens again and says that it recovered when the overload is over', () => {
    story.rates(150, 50);
    story.runTo(170);
    const [payment] = story.view().services;
    assert.equal(payment?.controllerMode, 'open');
    assert.equal(payment?.gates.fit.status, 'PASS');
    assert.deepEqual(story.view().actions, []);
    const ended = story.actions().filter((action) => action.phase === 'ended');
    const kinds = new Map(ended.map((action) => [action.kind, action.endCause]));
    assert.deepEqual(Object.fromEntries(kinds), {
      'limit-concurrency': 'recovered',
      'shed-priority': 'recovered',
      'shed-retries': 'recovered',
      'freeze-learning': 'recovered',
    });
  });
});
