import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MeshView } from '../../../../core/kernel/mesh-view.ts';
import { type ScaleRequest, scaleRequestsOf } from '../../../../core/kernel/scale-requests.ts';
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

/** @param look at the mesh while the overload lasts */
function overloaded(config: MeshConfig, look: (story: KernelStory) => void = () => undefined): KernelStory {
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
  look(story);
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

  it('tells how much is refused of which capacity, as long as more is asked for', () => {
    const seen: MeshView[] = [];
    const story = overloaded(MESH, (now) => seen.push(now.view()));
    const [view] = seen;
    assert.ok(view);
    const [request, ...others] = scaleRequestsOf(view);
    assert.ok(request);
    assert.deepEqual([request.service, others], ['payment', []]);
    assert.ok(request.currentCapacityRps !== null && Math.abs(request.currentCapacityRps - 400) < 60);
    assert.ok(Math.abs(request.refusedRps - 600) < 120, `${request.refusedRps}`);
    const running = view.actions.find(({ kind }) => kind === 'request-scale');
    assert.deepEqual([request.recommendedFactor, request.sinceMs], [running?.size, running?.startedAtMs]);
    assert.deepEqual(scaleRequestsOf(story.view()), []);
  });

  it('only records it where fit is in the shadow', () => {
    const told: ScaleRequest[] = [];
    const inShadow = { ...MESH, policy: { ...MESH.policy, shadow: ['fit'] as const } };
    const story = overloaded(inShadow, (now) => told.push(...scaleRequestsOf(now.view())));
    assert.deepEqual(told, []);
    const asked = story.actions().filter(({ kind }) => kind === 'request-scale');
    assert.ok(asked.length > 0 && asked.every(({ shadow }) => shadow), JSON.stringify(asked));
  });
});
