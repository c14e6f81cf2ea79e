import type { CapacityPlan, LeasePlan } from '../../core/allocators/capacity-plan.ts';
import type { CapacityEventRecord, KernelEffect } from '../../core/kernel/kernel-io.ts';
import { PlanRenderer } from '../../envoy/render-plan.ts';
import { RuntimeLayerRenderer } from '../../envoy/runtime-layer.ts';
import { inconsistencies, type Snapshot } from '../../envoy/snapshot.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { XdsServer } from '../xds/xds-server.ts';
import { eventMessage } from './event-message.ts';
import { RetryingQueue } from './retrying-queue.ts';

export interface EffectRunnerOptions {
  readonly xds: Pick<XdsServer, 'publish' | 'publishRuntime'>;
  readonly putLease: (lease: LeasePlan) => Promise<unknown>;
  /** Stores an event once, however often it is called with the same id. */
  readonly putEvent: (event: CapacityEvent, id: string) => Promise<unknown>;
  /** Unique for every event of every process. */
  readonly newId: () => string;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
}

/** The configuration that a plan belongs to. */
export interface PlanOrigin {
  readonly revision: number;
  /** The configuration changed since the plan before. */
  readonly edited: boolean;
}

const EVENTS_WAITING_MAX = 10_000;
const LEASES_WAITING_MAX = 10_000;

/**
 * Does what the kernel asks for. Plans reach Envoy at once; leases and events
 * wait in bounded queues until the store has them, leases and events each in
 * their order.
 */
export class EffectRunner {
  readonly #options: EffectRunnerOptions;
  readonly #leases: RetryingQueue<LeasePlan>;
  readonly #events: RetryingQueue<{ readonly record: CapacityEventRecord; readonly id: string }>;
  readonly #renderer = new PlanRenderer();
  readonly #layers = new RuntimeLayerRenderer();
  #served: Snapshot | null = null;
  #isHeld = false;
  #waiting: { readonly snapshot: Snapshot; readonly origin: PlanOrigin } | null = null;

  constructor(options: EffectRunnerOptions) {
    this.#options = options;
    const onError = (error: unknown): void => options.logger.warn({ err: error }, 'the store did not take a write');
    this.#leases = new RetryingQueue({ send: options.putLease, onError, waitingMax: LEASES_WAITING_MAX });
    this.#events = new RetryingQueue({
      send: ({ record, id }) => options.putEvent(eventMessage(record), id),
      onError,
      waitingMax: EVENTS_WAITING_MAX,
    });
  }

  /** Leases and events that were given up because too many waited. */
  get dropped(): number {
    return this.#leases.dropped + this.#events.dropped;
  }

  run(effect: KernelEffect, origin: PlanOrigin): void {
    switch (effect.kind) {
      case 'publish-plan':
        this.#publishPlan(effect.plan, origin);
        break;
      case 'hold-rollout':
        this.#holdRollout(effect.held);
        break;
      case 'publish-leases':
        for (const lease of effect.leases) this.#leases.push(lease);
        break;
      case 'emit-event':
        this.#events.push({ record: effect.event, id: this.#options.newId() });
        break;
    }
  }

  /** An edit that changes no number: the plan that is served already is the plan of this revision too. */
  confirm(revision: number): void {
    if (this.#served !== null) this.#options.xds.publish(this.#served, { revision, edited: true });
  }

  /** Waits for what is under way. */
  async drained(): Promise<void> {
    await Promise.all([this.#leases.drained(), this.#events.drained()]);
  }

  stop(): void {
    this.#leases.stop();
    this.#events.stop();
  }

  #publishPlan(plan: CapacityPlan, origin: PlanOrigin): void {
    const snapshot = this.#renderer.snapshot(plan);
    this.#options.xds.publishRuntime(this.#layers.render(plan));
    this.#waiting = null;
    if (!origin.edited && snapshot.version === this.#served?.version) return;
    if (this.#isHeld && !origin.edited) {
      this.#waiting = { snapshot, origin };
      return;
    }
    this.#serve(snapshot, origin);
  }

  /** The newest plan that waited follows when the hold is over. An operator's edit never waits: it may be the cure. */
  #holdRollout(held: boolean): void {
    this.#isHeld = held;
    if (held || this.#waiting === null) return;
    const { snapshot, origin } = this.#waiting;
    this.#waiting = null;
    this.#serve(snapshot, origin);
  }

  /** A snapshot that contradicts itself is a bug: it is not served, the last good one stays. */
  #serve(snapshot: Snapshot, origin: PlanOrigin): void {
    const contradictions = inconsistencies(snapshot);
    if (contradictions.length > 0) {
      this.#options.logger.error({ contradictions, revision: origin.revision }, 'snapshot not served');
      return;
    }
    this.#served = snapshot;
    this.#options.xds.publish(snapshot, origin);
  }
}
