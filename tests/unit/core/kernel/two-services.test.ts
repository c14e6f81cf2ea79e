import assert from 'node:assert/strict';
import type { CapacityEventRecord, KernelEvent } from '../../../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../../../core/kernel/kernel-state.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import type { EdgeCounters } from '../../../../core/substrate/telemetry-frame.ts';
import { AckingKernel } from '../../../support/acking-kernel.ts';
import { bucketOf, counters, frame, meshConfig } from '../../../support/mesh-fixtures.ts';

/** web → checkout → payment; checkout is a service that calls another. */
const MESH = meshConfig({
  services: { checkout: {}, payment: {} },
  workloads: { web: {}, checkout: {} },
  budgets: { web: { checkout: {} }, checkout: { payment: {} } },
});

class Mesh {
  readonly kernel: KernelState = createKernel();
  readonly #shell = new AckingKernel(this.kernel);
  readonly events: CapacityEventRecord[] = [];
  sec = 0;
  #edges = [counters('web', 'checkout'), counters('checkout', 'payment')];

  constructor() {
    this.take({ kind: 'config', config: MESH });
  }

  take(event: KernelEvent): void {
    for (const effect of this.#shell.take(event)) {
      if (effect.kind === 'emit-event') this.events.push(effect.event);
    }
  }

  tick(): void {
    this.sec++;
    this.take({ kind: 'tick', nowMs: 1000 * this.sec, wallMs: 1000 * this.sec });
  }

  /** One second of calls answered in 20 ms, all on `node-1`. */
  second(web: number, payment: number, change: Partial<EdgeCounters> = {}): void {
    this.#edges = this.#edges.map((edge) => {
      const calls = edge.workload === 'web' ? web : payment;
      const bucket = bucketOf(20);
      return {
        ...edge,
        offered: edge.offered + calls,
        admitted: edge.admitted + calls,
        attempts: edge.attempts + calls,
        latencyBuckets: edge.latencyBuckets.map((count, k) => count + (k === bucket ? calls : 0)),
        latencySumMs: edge.latencySumMs + 20 * calls,
        inFlight: Math.round(0.02 * calls),
        ...(edge.workload === 'web' ? {} : change),
      };
    });
    const seq = this.sec + 1;
    this.take({ kind: 'frame', frame: frame(seq, this.#edges), nowMs: 1000 * seq });
    this.tick();
  }

  gates(service: string) {
    const view = viewOf(this.kernel, 1000 * this.sec).services.find((one) => one.service === service);
    assert.ok(view);
    return view.gates;
  }
}

describe('kernel: one service calls another', () => {
  it('lets traffic double when the calls behind it double too (MATHS §B1)', () => {
    const mesh = new Mesh();
    for (let sec = 0; sec < 60; sec++) mesh.second(50, 100);
    for (let sec = 0; sec < 20; sec++) mesh.second(100, 200);
    const { fit } = mesh.gates('payment');
    assert.equal(fit.status, 'PASS');
    assert.ok((fit.evidence.fit_rate ?? 1) < 0.01, `${fit.evidence.fit_rate}`);
  });

  it('fails payment, not checkout, when checkout begins to call it twice as often', () => {
    const mesh = new Mesh();
    for (let sec = 0; sec < 60; sec++) mesh.second(50, 100);
    for (let sec = 0; sec < 10; sec++) mesh.second(50, 200);
    assert.equal(mesh.gates('payment').fit.status, 'FAIL');
    assert.equal(mesh.gates('checkout').fit.status, 'PASS');
    // Refusing calls needs harm; this alone only tells and stops the learning.
    assert.ok(mesh.events.every((event) => event.kind === 'gate' || event.action?.kind === 'freeze-learning'));
    assert.deepEqual(
      viewOf(mesh.kernel, 0).actions.map(({ kind }) => kind),
      ['freeze-learning'],
    );
  });

  it('does not learn what fails for half an hour, then starts anew (MATHS §B1)', () => {
    const mesh = new Mesh();
    for (let sec = 0; sec < 60; sec++) mesh.second(50, 100);
    while (mesh.sec < 60 + 29 * 60) mesh.second(50, 200);
    assert.equal(mesh.gates('payment').fit.status, 'FAIL');
    while (mesh.sec < 60 + 32 * 60) mesh.second(50, 200);
    assert.equal(mesh.gates('payment').fit.status, 'PASS');
  });

  it('ends an action that no data has renewed for 30 s, and opens the service', () => {
    const mesh = new Mesh();
    for (let sec = 0; sec < 60; sec++) mesh.second(50, 100);
    mesh.second(50, 100, { timeouts: 900, inFlight: 1000 });
    const view = () => viewOf(mesh.kernel, 1000 * mesh.sec).services.find((one) => one.service === 'payment');
    assert.equal(view()?.controllerMode, 'trim');
    const held = view()?.concurrencyLimit ?? 0;
    for (let sec = 0; sec < 29; sec++) mesh.tick();
    assert.equal(view()?.controllerMode, 'trim');
    for (let sec = 0; sec < 3; sec++) mesh.tick();
    assert.equal(view()?.controllerMode, 'open');
    assert.ok((view()?.concurrencyLimit ?? 0) > 4 * held);
    const actions = mesh.events.flatMap(({ action }) => (action ? [action] : []));
    for (const kind of ['limit-concurrency', 'shed-retries', 'freeze-learning']) {
      assert.deepEqual(
        actions.filter((action) => action.kind === kind).map(({ phase, endCause }) => [phase, endCause]),
        [
          ['started', ''],
          ['ended', 'expired'],
        ],
        kind,
      );
    }
  });
});
