import { PlanRenderer } from '../../envoy/render-plan.ts';
import { RuntimeLayerRenderer } from '../../envoy/runtime-layer.ts';
import { inconsistencies, type Snapshot } from '../../envoy/snapshot.ts';
import type { Logger } from '../../platform/logger.ts';
import type { PlanOrigin, StoredPlan } from '../state/plan-store.ts';
import type { XdsServer } from '../xds/xds-server.ts';

/**
 * Serves the stored plan to Envoys. Every replica does, from the plan alone: the
 * same plan is the same version everywhere.
 */
export class PlanServer {
  readonly #xds: Pick<XdsServer, 'publish' | 'publishRuntime'>;
  readonly #logger: Pick<Logger, 'error'>;
  readonly #renderer = new PlanRenderer();
  readonly #layers = new RuntimeLayerRenderer();
  #served: Snapshot | null = null;

  constructor(xds: Pick<XdsServer, 'publish' | 'publishRuntime'>, logger: Pick<Logger, 'error'>) {
    this.#xds = xds;
    this.#logger = logger;
  }

  /** While a roll-out is held only breakers follow, unless the plan comes from an edit. */
  take({ plan, origin }: StoredPlan): void {
    const snapshot = this.#renderer.snapshot(plan);
    this.#xds.publishRuntime(this.#layers.render(plan));
    if (!origin.edited && snapshot.version === this.#served?.version) return;
    if (origin.held && !origin.edited && this.#served !== null) return;
    this.#serve(snapshot, origin);
  }

  /** A snapshot that contradicts itself is a bug: it is not served, the last good one stays. */
  #serve(snapshot: Snapshot, origin: PlanOrigin): void {
    const contradictions = inconsistencies(snapshot);
    if (contradictions.length > 0) {
      this.#logger.error({ contradictions, revision: origin.revision }, 'snapshot not served');
      return;
    }
    this.#served = snapshot;
    this.#xds.publish(snapshot, origin);
  }
}
