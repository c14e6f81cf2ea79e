import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MeshConfig } from '../../../../core/mesh/mesh-config.ts';
import { KernelStory } from '../../../support/kernel-story.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { SimulatedService } from '../../../support/simulated-service.ts';

/** payment: 8 workers × 20 ms = 400/s, no capacity declared. */
const MESH = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { prio: 7 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: {} }, batch: { payment: {} } },
});

function overloaded(config: MeshConfig): KernelStory {
  const service = new SimulatedService({
    service: 'payment',
    workloads: ['checkout', 'batch'],
    workers: 8,
    meanServiceMs: 20,
    timeoutMs: 1000,
    seed: 5,
  });
  const story = new KernelStory(config, service);
  const rates = (checkout: number, batch: number): void => {
    service.setRate('checkout', checkout);
    service.setRate('batch', batch);
  };
  rates(150, 50);
  story.runTo(90);
  rates(300, 700);
  story.runTo(160);
  rates(100, 50);
  story.runTo(185);
  return story;
}

describe('kernel: an overload that lasts', () => {
  it('asks for scale after a minute, and no longer once it is over', () => {
    const story = overloaded(MESH);
    const asked = story.actions().filter(({ kind }) => kind === 'request-scale');
    const [started] = asked;
    assert.ok(started, 'nothing was asked for');
    assert.deepEqual([started.phase, started.horizon, started.shadow], ['started', 'long-term', false]);
    assert.ok(started.atSec >= 150 && started.atSec <= 156, `at ${started.atSec} s`);
    // 1000 calls/s of 400.
    assert.ok(started.size >= 2.5 && started.size <= 3.5, `${started.size}`);
    assert.equal(started.expiresAtMs - started.startedAtMs, 30_000);
    const ended = asked.at(-1);
    assert.deepEqual([ended?.phase, ended?.endCause], ['ended', 'recovered']);
    assert.ok((ended?.atSec ?? 0) < 185, `${ended?.atSec}`);
    assert.deepEqual(story.view().actions, []);
    assert.ok(
      story.told('batch').some((line) => /request-scale started, [\d.]+ times its capacity asked for/.test(line)),
    );
  });

  it('only records it where fit is in the shadow', () => {
    const story = overloaded({ ...MESH, policy: { ...MESH.policy, shadow: ['fit'] } });
    const asked = story.actions().filter(({ kind }) => kind === 'request-scale');
    assert.ok(asked.length > 0 && asked.every(({ shadow }) => shadow), JSON.stringify(asked));
  });
});
