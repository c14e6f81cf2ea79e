import assert from 'node:assert/strict';
import type { SimulatedSecond } from '../../../../core/simulation/second-meter.ts';
import { assertAbout, plainMesh } from '../../../support/plain-mesh.ts';

describe('simulated mesh: what is told of it', () => {
  it('tells of each second what the report sums up', () => {
    const seconds: SimulatedSecond[] = [];
    const mesh = plainMesh({ observe: (second) => seconds.push(second) });
    mesh.run(20);
    mesh.restartWatch();
    mesh.run(20);
    assert.deepEqual(
      seconds.map(({ sec }) => sec),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    const later = seconds.slice(20);
    const sum = (of: (second: SimulatedSecond) => number): number => later.reduce((total, one) => total + of(one), 0);
    const { calls, services } = mesh.report();
    assert.equal(
      sum(({ good }) => good),
      calls.good,
    );
    assert.equal(
      sum((second) => second.services[0]?.offered ?? 0),
      services[0]?.offered,
    );
    assert.ok(later.every((second) => (second.services[0]?.latencyP50Ms ?? 0) > 5));
    assert.ok(later.every((second) => second.services[0]?.gates.gluing !== undefined));
  });

  it('tells latencies of each second alone', () => {
    const seconds: SimulatedSecond[] = [];
    const mesh = plainMesh({ services: { payment: { servers: 50, workMs: 10 } }, observe: (one) => seconds.push(one) });
    mesh.pool('payment').slowness = 10;
    mesh.run(20);
    mesh.pool('payment').slowness = 1;
    mesh.run(5);
    const medians = seconds.map(({ services }) => services[0]?.latencyP50Ms ?? 0);
    assert.ok((medians[18] ?? 0) > 50, `${medians[18]} ms`);
    assert.ok((medians.at(-1) ?? 99) < 10, `${medians.at(-1)} ms`);
  });

  it('tells of each action in the second in which it was told', () => {
    const seconds: SimulatedSecond[] = [];
    const mesh = plainMesh({ enforced: true, observe: (second) => seconds.push(second) });
    mesh.run(60);
    mesh.offer('shop', 'payment', 1600);
    mesh.run(20);
    assert.ok(mesh.actions.some(({ kind, phase }) => kind === 'limit-concurrency' && phase === 'started'));
    assert.deepEqual(
      seconds.flatMap(({ actions }) => actions),
      mesh.actions,
    );
    for (const { sec, actions } of seconds) {
      assert.ok(actions.every(({ atSec }) => atSec > sec - 1 && atSec <= sec));
    }
  });

  it('sums up how gates stood: all open in health, failed under an overload', () => {
    const mesh = plainMesh({ enforced: true, nodes: 2 });
    mesh.run(120);
    const calm = mesh.report();
    assert.equal(calm.allOpen, true);
    assert.equal(calm.refusedRatio, 0);
    assertAbout(calm.goodputRps, 100, 0.1);
    const { fit } = calm.gates;
    assert.ok(fit.worstRatio !== null && fit.worstRatio <= 1 && (fit.medianRatio ?? 9) <= fit.worstRatio * 1.01);
    mesh.restartWatch();
    mesh.offer('shop', 'payment', 1600);
    mesh.run(60);
    const busy = mesh.report();
    assert.equal(busy.allOpen, false);
    assert.ok(busy.gates.fit.failedTicks > 20 && (busy.gates.fit.worstRatio ?? 0) > 1);
    assert.match(busy.gates.fit.worst, /^payment/);
    assert.ok(busy.refusedRatio > 0.5 && busy.goodputRps > 330, `${busy.refusedRatio} refused, ${busy.goodputRps}/s`);
  });
});
