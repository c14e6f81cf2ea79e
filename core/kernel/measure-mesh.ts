import type { ServicePlan } from '../allocators/capacity-plan.ts';
import { RESERVE_MS } from '../allocators/lease-book.ts';
import type { ConfigLag } from '../gates/state-views.ts';
import { releaseOverload } from '../stability/overload-controller.ts';
import { limitIsEnforced, mayHold } from './action-control.ts';
import { gather } from './gather.ts';
import type { KernelState } from './kernel-state.ts';
import { meshLag } from './mesh-lag.ts';
import { observeService } from './observe-service.ts';
import type { ServiceState } from './service-state.ts';
import { servicesInTurn } from './turns.ts';
import { MeshWindows } from './windows.ts';

/** What one tick measured, as the gates read it. Holds until the next tick measures. */
export interface MeasuredMesh {
  readonly services: ReadonlyMap<string, ServiceState>;
  /** Services of which this tick is fully known. */
  readonly seen: ReadonlySet<ServiceState>;
  readonly windows: MeshWindows;
  /** How far nodes lag behind configuration and leases; `null` without nodes. */
  readonly lag: ConfigLag | null;
  /** What is planned for each service. */
  readonly plans: ReadonlyMap<string, ServicePlan>;
  /** Services whose series and views are compared in this tick. */
  readonly inTurn: ReadonlySet<ServiceState>;
}

/** Takes what nodes reported since the tick before into controllers and windows. */
export function measureMesh(state: KernelState, wallMs: number): MeasuredMesh {
  const gathered = gather(state);
  forgetNodes(state);
  const seen = new Set<ServiceState>();
  const windows = new MeshWindows(state.services);
  for (const service of state.services.values()) {
    if (observeService(service, gathered, state.nowMs, limitIsEnforced(state))) seen.add(service);
    if (service.controller.mode === 'trim' && !mayHold(state, service, wallMs)) {
      service.controller = releaseOverload(service.controller);
    }
    windows.refresh(service);
  }
  const inTurn = servicesInTurn([...seen], state.turns);
  state.turns += inTurn.length;
  return {
    services: state.services,
    seen,
    windows,
    lag: meshLag(state),
    plans: new Map(state.plan?.services.map((plan) => [plan.service, plan])),
    inTurn: new Set(inTurn),
  };
}

/** A node that was silent for as long as its share stays reserved is forgotten. */
function forgetNodes(state: KernelState): void {
  for (const [name, node] of state.nodes) {
    if (state.nowMs - node.telemetry.lastFrameMs > 2 * RESERVE_MS) state.nodes.delete(name);
  }
}
