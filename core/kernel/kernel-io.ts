import type { AdmissionRecord } from '../admission/admission-ledger.ts';
import type { CapacityPlan, LeasePlan } from '../allocators/capacity-plan.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { GateState } from '../gates/gate-state.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';
import type { TelemetryFrame } from '../substrate/telemetry-frame.ts';

/** A point in time on both clocks. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** UTC milliseconds. */
  readonly wallMs: number;
}

/** Everything that can happen to the kernel. */
export type KernelEvent =
  | { readonly kind: 'config'; readonly config: MeshConfig }
  /** Σ of live grants per workload, adding axes summed, levels by maximum; absent workload = no live grant. */
  | { readonly kind: 'grants'; readonly live: ReadonlyMap<string, CapacityVector> }
  /** Once, before the first tick of a control plane that starts: the leases that nodes may still be applying. */
  | { readonly kind: 'stored-leases'; readonly leases: readonly LeasePlan[]; readonly nowMs: number }
  /** What operators allow; whole value, also after a restart. */
  | { readonly kind: 'action-control'; readonly control: ActionControl }
  /** Ends the action at the next tick; it does not begin again for 3·τ_c. */
  | { readonly kind: 'cancel-action'; readonly id: string }
  /** A grant was admitted, or refused on account of gates. */
  | { readonly kind: 'admission'; readonly admission: AdmissionRecord; readonly nowMs: number }
  /** How far each node has got with the configuration that is served now; before every tick that can know it. */
  | { readonly kind: 'rollout'; readonly nodes: readonly NodeRollout[]; readonly nowMs: number }
  | { readonly kind: 'frame'; readonly frame: TelemetryFrame; readonly nowMs: number }
  /** `nowMs` is monotonic; `wallMs` is UTC and only goes into events. */
  | { readonly kind: 'tick'; readonly nowMs: number; readonly wallMs: number };

export interface NodeRollout {
  readonly node: string;
  readonly connected: boolean;
  /** It has acknowledged everything that is served now and refuses nothing of it. */
  readonly upToDate: boolean;
}

/** Everything that the kernel asks its shell to do. */
export type KernelEffect =
  | { readonly kind: 'publish-plan'; readonly plan: CapacityPlan }
  | { readonly kind: 'publish-leases'; readonly leases: readonly LeasePlan[] }
  /** Plans that no operator asked for wait while `held`; the newest one follows when it is over. */
  | { readonly kind: 'hold-rollout'; readonly held: boolean }
  | { readonly kind: 'emit-event'; readonly event: CapacityEventRecord };

export interface CapacityEventRecord {
  readonly workloadId: string;
  readonly service: string;
  readonly kind: 'gate' | 'action' | 'grant' | 'config';
  readonly allocated: CapacityVector;
  readonly consumed: CapacityVector;
  readonly gates: GateState;
  readonly action: StabilityActionRecord | null;
  readonly message: string;
  readonly wallMs: number;
}

/** What operators allow the controller to do. */
export interface ActionControl {
  /** No actions at all: those that run end, budgets stay in force. */
  readonly safeMode: boolean;
  /** No new actions until then, UTC milliseconds; 0 = not paused. */
  readonly pausedUntilMs: number;
}
