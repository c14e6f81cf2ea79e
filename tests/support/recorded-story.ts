import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../core/kernel/kernel-state.ts';
import { step } from '../../core/kernel/step.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { EdgeCounters } from '../../core/substrate/telemetry-frame.ts';
import { frame, meshConfig } from './mesh-fixtures.ts';
import { simulatedPayment } from './simulated-service.ts';

/** payment: 8 workers × 20 ms = 400/s, no capacity declared. */
export const STORY_MESH: MeshConfig = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { prio: 7, weight: 2 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: { ptr: 0.9 } }, batch: { payment: { ptr: 0.9 } } },
});

export interface RecordedStory {
  readonly inputs: readonly KernelEvent[];
  /** Of each input. */
  readonly effects: readonly (readonly KernelEffect[])[];
}

/**
 * Two callers of one service on two nodes, of which the second loses every
 * twentieth frame: everything that a kernel was told and what it did.
 *
 * @param orders what operators order in a second, before its tick
 */
export function recordStory(
  seed: number,
  phases: readonly (readonly [untilSec: number, rps: number])[],
  orders: (sec: number, kernel: KernelState) => readonly KernelEvent[] = () => [],
): RecordedStory {
  const service = simulatedPayment(seed);
  const kernel = createKernel();
  const inputs: KernelEvent[] = [];
  const effects: (readonly KernelEffect[])[] = [];
  const take = (event: KernelEvent): void => {
    inputs.push(structuredClone(event));
    const done = step(kernel, event).effects;
    effects.push(structuredClone(done));
    for (const effect of done) {
      if (effect.kind !== 'publish-plan') continue;
      for (const edge of effect.plan.services.flatMap(({ edges }) => edges)) {
        service.setLimit(edge.workload, effect.plan.nodeCount * (edge.breaker?.maxRequests ?? 1024));
      }
    }
  };
  take({ kind: 'config', config: STORY_MESH });
  take({ kind: 'grants', live: new Map([['checkout', { geo: null, int: 1, gauge: null, ptr: 1, obs: null }]]) });
  let sec = 0;
  for (const [untilSec, rps] of phases) {
    service.setRate('checkout', rps / 2);
    service.setRate('batch', rps / 2);
    for (; sec < untilSec; sec++) {
      service.run(sec + 1);
      const nowMs = 1000 * (sec + 1);
      const leaseSeq = kernel.book.nodes.get('node-1')?.newest.seq ?? 0;
      take({ kind: 'frame', frame: frame(sec + 1, service.counters(), { leaseSeq }), nowMs });
      if (sec % 20 !== 0) {
        const seq = kernel.book.nodes.get('node-2')?.newest.seq ?? 0;
        take({
          kind: 'frame',
          frame: frame(sec + 1, few(service.counters()), { node: 'node-2', leaseSeq: seq }),
          nowMs,
        });
      }
      for (const order of orders(sec + 1, kernel)) take(order);
      take({ kind: 'tick', nowMs, wallMs: 1_800_000_000_000 + nowMs });
    }
  }
  return { inputs, effects };
}

/** What a node that carries a twentieth of the traffic counts. */
function few(counted: readonly EdgeCounters[]): EdgeCounters[] {
  const part = (count: number): number => Math.floor(count / 20);
  return counted.map((edge) => ({
    ...edge,
    offered: part(edge.offered),
    admitted: part(edge.offered),
    attempts: part(edge.attempts),
    breakerRefused: part(edge.offered) - part(edge.attempts),
    inFlight: 0,
    latencyBuckets: edge.latencyBuckets.map(part),
    latencySumMs: edge.latencySumMs / 20,
  }));
}
