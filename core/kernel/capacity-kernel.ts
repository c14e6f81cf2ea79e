import type { AdmissionScene } from '../admission/admission-scene.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { allPass, combineGates } from '../gates/all-pass.ts';
import type { GateState } from '../gates/gate-state.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { admissionSceneOf } from './admission-scene-of.ts';
import type { ServiceNews } from './capacity-events.ts';
import { capacityInScope } from './capacity-in-scope.ts';
import type { KernelEffect, KernelEvent, Moment } from './kernel-io.ts';
import { createKernel, type KernelState } from './kernel-state.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import type { MeshView } from './mesh-view.ts';
import { step } from './step.ts';
import { type MeasureSource, Substrate } from './substrate.ts';
import { completeTick, stabilizeMesh } from './tick.ts';
import { viewOf } from './view-of.ts';

export interface CapacityKernelOptions {
  readonly config: MeshConfig;
  /** Where measurements come from. */
  readonly source: MeasureSource;
  /** Of the leader that owns the kernel; 1 where there is only one. */
  readonly epoch?: number | undefined;
}

/**
 * The kernel as a library: it keeps one subsystem's capacity C, its gates and
 * what it measures, and holds it stable tick by tick. Time, frames and ids are
 * given to it; what is to be done comes out as effects.
 */
export class CapacityKernel {
  /** What is measured, and how. */
  readonly substrate: Substrate;
  readonly #state: KernelState;
  /** The first plan: the next tick hands it out. */
  #pending: readonly KernelEffect[];

  constructor({ config, source, epoch }: CapacityKernelOptions) {
    this.#state = createKernel(epoch);
    this.substrate = new Substrate(this.#state, source);
    this.#pending = this.tell({ kind: 'config', config });
  }

  /** What is allocated now: of every axis the largest share that a live budget gives. */
  get C(): CapacityVector {
    return capacityInScope(this.#state.services.values(), this.#state.live);
  }

  /** What holds now, after hysteresis: each gate as in its worst service. */
  get gates(): GateState {
    return combineGates([...this.#state.services.values()].map(({ gates }) => gates));
  }

  /** Stable or not: every gate of every service is PASS or NOT_APPLICABLE. */
  allPass(): boolean {
    return [...this.#state.services.values()].every(({ gates }) => allPass(gates));
  }

  /** Measure → metrics → gates → `stabilize` where not all of them pass, or where an action still runs. */
  tick(now: Moment): readonly KernelEffect[] {
    const { measured } = this.substrate.measure(now);
    const effects = completeTick(this.#state, measured, now.wallMs, () => this.stabilize(measured, now.wallMs));
    const before = this.#pending;
    this.#pending = [];
    return [...before, ...effects];
  }

  /** Lets the stability controller answer the gates that fail, and renew, relax or end what it did before. */
  stabilize(measured: MeasuredMesh, wallMs: number): ServiceNews[] {
    return stabilizeMesh(this.#state, measured, wallMs);
  }

  /** Anything else that can happen to a kernel: configuration, grants, what operators allow. */
  tell(event: KernelEvent): readonly KernelEffect[] {
    return step(this.#state, event).effects;
  }

  /** What admission is decided by now. */
  admissionScene(): AdmissionScene {
    return admissionSceneOf(this.#state);
  }

  view(nowMs: number): MeshView {
    return viewOf(this.#state, nowMs);
  }
}
