import assert from 'node:assert/strict';
import type { KernelEffect, KernelEvent } from '../../../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { servicesInTurn } from '../../../../core/kernel/turns.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import type { MeshConfig } from '../../../../core/mesh/mesh-config.ts';
import { counters, frame, meshConfig, SHOP } from '../../../support/mesh-fixtures.ts';

const told = (kernel: KernelState, ...events: KernelEvent[]): KernelEffect[] =>
  events.flatMap((event) => [...step(kernel, event).effects]);

const configured = (config: MeshConfig): KernelState => {
  const kernel = createKernel();
  told(kernel, { kind: 'config', config });
  return kernel;
};

const tickAt = (nowMs: number): KernelEvent => ({ kind: 'tick', nowMs, wallMs: nowMs });

describe('kernel: a mesh that changes', () => {
  it('decides nothing before it has a configuration, and takes frames meanwhile', () => {
    const kernel = createKernel();
    const early = frame(1, [counters('checkout', 'payment', { offered: 10 })]);
    assert.deepEqual(told(kernel, { kind: 'frame', frame: early, nowMs: 1000 }, tickAt(1000)), []);
    assert.deepEqual(told(kernel, { kind: 'grants', live: new Map() }), []);
    assert.deepEqual(viewOf(kernel, 1000).services, []);
    assert.equal(kernel.nodes.size, 1);
  });

  it('forgets services, edges and tenants that are no longer declared, and keeps what it knows of the others', () => {
    const kernel = configured(SHOP);
    const payment = kernel.services.get('payment');
    const checkout = payment?.edges.get('checkout/payment');
    const smaller = meshConfig({
      services: { payment: { rps: 400 } },
      workloads: { checkout: { tenant: 'shop' } },
      budgets: { checkout: { payment: { int: 0.8 } } },
    });
    told(kernel, { kind: 'config', config: smaller });
    assert.deepEqual([...kernel.services.keys()], ['payment']);
    assert.equal(kernel.services.get('payment'), payment);
    assert.deepEqual([...(payment?.edges.keys() ?? [])].sort(), ['checkout/payment', '~unverified/payment']);
    assert.equal(payment?.edges.get('checkout/payment'), checkout);
    assert.deepEqual([...(payment?.tenants.keys() ?? [])], ['shop']);
  });

  it('drops frames of another mesh, and of more nodes than it keeps', () => {
    const kernel = configured(SHOP);
    told(kernel, { kind: 'frame', frame: frame(1, [], { mesh: 'another' }), nowMs: 0 });
    assert.deepEqual([kernel.droppedFrames, kernel.nodes.size], [1, 0]);
    for (let i = 0; i < 1025; i++) told(kernel, { kind: 'frame', frame: frame(1, [], { node: `n${i}` }), nowMs: 0 });
    assert.deepEqual([kernel.droppedFrames, kernel.nodes.size], [2, 1024]);
  });

  it('forgets a node that has been silent for twice as long as its share stays reserved', () => {
    const kernel = configured(SHOP);
    told(kernel, { kind: 'frame', frame: frame(1, []), nowMs: 0 });
    told(kernel, tickAt(20 * 60_000));
    assert.equal(kernel.nodes.size, 1);
    told(kernel, tickAt(20 * 60_000 + 1));
    assert.equal(kernel.nodes.size, 0);
  });

  it('remembers a bounded number of actions to cancel', () => {
    const kernel = configured(SHOP);
    for (let i = 0; i < 2000; i++) told(kernel, { kind: 'cancel-action', id: `${i}` });
    assert.equal(kernel.cancelled.size, 1000);
  });

  it('says how old a verdict from before a restart is, and why it was what it was', () => {
    const kernel = configured(SHOP);
    for (let sec = 1; sec <= 3; sec++) {
      const counted = counters('checkout', 'payment', { offered: 100 * sec, attempts: 100 * sec });
      told(kernel, { kind: 'frame', frame: frame(sec, [counted]), nowMs: 1000 * sec }, tickAt(1000 * sec));
    }
    told(kernel, { kind: 'stored-leases', leases: [], nowMs: 3000 });
    const { fit } = viewOf(kernel, 5000).services[0]?.gates ?? assert.fail();
    assert.deepEqual([fit.status, fit.reason, fit.evidence.restoredAgeSec], ['UNKNOWN', 'warmup', 2]);
  });

  it('starts anew after a restart without verdicts of services that nothing is known of', () => {
    const kernel = configured(SHOP);
    told(kernel, { kind: 'stored-leases', leases: [], nowMs: 0 });
    const restored = [...kernel.services.values()].map((service) => service.restored.size);
    assert.deepEqual(restored, [0, 0]);
  });
});

describe('turns in a large mesh', () => {
  const services = Array.from({ length: 100 }, (_, i) => `s${i}`);
  const config = meshConfig({
    services: Object.fromEntries(services.map((name) => [name, {}])),
    workloads: { web: {}, batch: {} },
    budgets: {
      web: Object.fromEntries(services.map((name) => [name, {}])),
      batch: Object.fromEntries(services.map((name) => [name, {}])),
    },
  });

  it('come to every service, some in each tick, and one at least', () => {
    const all = [...configured(config).services.values()];
    const seen = new Set<string>();
    for (let turns = 0; turns < all.length; ) {
      const chosen = servicesInTurn(all, turns);
      assert.ok(chosen.length > 0 && chosen.length < all.length);
      for (const { service } of chosen) seen.add(service);
      turns += chosen.length;
    }
    assert.equal(seen.size, all.length);
    assert.deepEqual(servicesInTurn([], 7), []);
  });
});
