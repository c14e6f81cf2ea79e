import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import { step } from '../../core/kernel/step.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { StabilityActionRecord } from '../../core/stability/stability-action.ts';
import { frame } from './mesh-fixtures.ts';
import type { SimulatedService } from './simulated-service.ts';

const WALL_MS = 1_800_000_000_000;

/** A kernel with a simulated service behind it; breakers and leases follow the plan 80 ms after each tick. */
export class KernelStory {
  readonly service: SimulatedService;
  readonly kernel = createKernel();
  readonly effects: { readonly atSec: number; readonly effect: KernelEffect }[] = [];
  readonly #config: MeshConfig;
  #sec = 0;
  #leaseSeq = 0;

  constructor(config: MeshConfig, service: SimulatedService) {
    this.#config = config;
    this.service = service;
    this.tell({ kind: 'config', config });
  }

  get nowMs(): number {
    return 1000 * this.#sec;
  }

  /** UTC milliseconds of the newest tick. */
  get wallMs(): number {
    return WALL_MS + this.nowMs;
  }

  runTo(untilSec: number): void {
    while (this.#sec < untilSec) {
      this.#sec++;
      const { nowMs, wallMs } = this;
      this.service.run(this.#sec);
      const counted = frame(this.#sec, this.service.counters(), { leaseSeq: this.#leaseSeq });
      this.tell({ kind: 'frame', frame: counted, nowMs });
      this.service.run(this.#sec + 0.08);
      this.tell({ kind: 'tick', nowMs, wallMs });
    }
  }

  tell(event: KernelEvent): void {
    for (const effect of step(this.kernel, event).effects) {
      this.effects.push({ atSec: this.#sec, effect });
      this.#enforce(effect);
    }
  }

  /** What was told to a workload, as `second: message`. */
  told(workload: string): string[] {
    return this.effects.flatMap(({ atSec, effect }) =>
      effect.kind === 'emit-event' && effect.event.workloadId === workload ? [`${atSec}: ${effect.event.message}`] : [],
    );
  }

  /** Everything that was told of actions, once. */
  actions(): (StabilityActionRecord & { readonly atSec: number })[] {
    const [workload] = this.#config.workloads.keys();
    return this.effects.flatMap(({ atSec, effect }) =>
      effect.kind === 'emit-event' && effect.event.workloadId === workload && effect.event.action
        ? [{ ...effect.event.action, atSec }]
        : [],
    );
  }

  view(): MeshView {
    return viewOf(this.kernel, this.nowMs);
  }

  #enforce(effect: KernelEffect): void {
    if (effect.kind === 'publish-leases') {
      this.#leaseSeq = Math.max(...effect.leases.map((lease) => lease.seq));
      for (const edge of effect.leases.flatMap((lease) => lease.edges)) {
        this.service.setLease(edge, this.#config.workloads.get(edge.workload)?.prio ?? 5);
      }
    }
    if (effect.kind !== 'publish-plan') return;
    for (const edge of effect.plan.services.flatMap((one) => one.edges)) {
      this.service.setLimit(edge.workload, edge.breaker?.maxRequests ?? Number.POSITIVE_INFINITY);
    }
  }
}
