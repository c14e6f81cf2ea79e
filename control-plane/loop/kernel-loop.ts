import type { AdmissionRecord } from '../../core/admission/admission-ledger.ts';
import type { AdmissionScene } from '../../core/admission/admission-scene.ts';
import type { ServiceForecast } from '../../core/admission/what-if.ts';
import type { LeasePlan } from '../../core/allocators/capacity-plan.ts';
import type { PlanInput } from '../../core/allocators/plan-input.ts';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../core/kernel/admission-scene-of.ts';
import type { ActionControl, KernelEffect, KernelEvent, NodeRollout } from '../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../core/kernel/kernel-state.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import { planInputOf } from '../../core/kernel/plan-mesh.ts';
import { step } from '../../core/kernel/step.ts';
import { type SubstrateView, substrateViewOf } from '../../core/kernel/substrate-view.ts';
import { TickTiming } from '../../core/kernel/tick-timing.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { whatIfEdit } from '../../core/kernel/what-if-edit.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { SpectrumMemory } from '../../core/substrate/spectrum-memory.ts';
import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { PlanOrigin } from '../state/plan-store.ts';
import type { KernelObserver } from './kernel-observer.ts';
import type { ResumedKernel } from './resume-kernel.ts';

export interface KernelLoopOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
  /** A kernel that goes on after a restart; default: a new one. */
  readonly resumed?: ResumedKernel;
  readonly observers?: readonly KernelObserver[];
  readonly run: (effect: KernelEffect, origin: Pick<PlanOrigin, 'revision' | 'edited'>) => void;
  /** How far each node has got with what is served; asked before every tick. */
  readonly rollout?: () => readonly NodeRollout[];
  /** Called after every tick. */
  readonly onTick?: (tick: TickReport) => void;
}

/** What one tick cost, and what it was decided on. */
export interface TickReport {
  readonly durationMs: number;
  /**
   * Of every frame since the tick before: from the end of the interval that it
   * covers, on the node's wall clock, to the tick on ours; never negative.
   */
  readonly frameAgesMs: readonly number[];
}

/** Frames between two ticks whose age is measured. */
const FRAMES_MEASURED_MAX = 4096;
/** Decisions of admission between two ticks that are followed. */
const ADMISSIONS_MAX = 64;

/**
 * Drives the kernel: events go in as they come, a tick follows when the frames
 * of all nodes are there, and effects go to the runner. A tick that throws is
 * logged and the loop goes on.
 */
export class KernelLoop {
  readonly #options: KernelLoopOptions;
  readonly #state: KernelState;
  /** From the clock to the kernel's own time line, which outlives processes. */
  readonly #offsetMs: number;
  readonly #timing: TickTiming;
  readonly #spectra = new SpectrumMemory();
  readonly #tickWaiters = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  readonly #frameEndsMs: number[] = [];
  #admissions = 0;
  #ticks = 0;
  #revision = 0;
  #publishedRevision = -1;

  constructor(options: KernelLoopOptions) {
    this.#options = options;
    this.#state = options.resumed?.state ?? createKernel();
    this.#offsetMs = options.resumed ? options.resumed.nowMs - options.clock.monotonicMs() : 0;
    this.#timing = new TickTiming(this.#nowMs());
    this.#observe((observer) => observer.started(this.#state));
  }

  /** Ticks since the start. */
  get ticks(): number {
    return this.#ticks;
  }

  /** Frames that the kernel did not take: of another mesh, or of too many nodes. */
  get droppedFrames(): number {
    return this.#state.droppedFrames;
  }

  /** Leases that nodes may still be applying; once, before `start`. */
  restoreLeases(leases: readonly LeasePlan[]): void {
    this.#step({ kind: 'stored-leases', leases, nowMs: this.#nowMs() });
  }

  /** Answers whether the edit changed the plan; then it is on its way to the nodes. */
  setConfig(config: MeshConfig, revision: number): boolean {
    this.#revision = revision;
    this.#step({ kind: 'config', config });
    const isPublished = this.#publishedRevision === revision;
    this.#publishedRevision = revision;
    return isPublished;
  }

  setGrants(live: ReadonlyMap<string, CapacityVector>): void {
    this.#step({ kind: 'grants', live });
  }

  /** What operators allow from now on. */
  setActionControl(control: ActionControl): void {
    this.#step({ kind: 'action-control', control });
  }

  /** Ends an action with the next tick; an id that names none is passed over. */
  cancelAction(id: string): void {
    this.#step({ kind: 'cancel-action', id });
  }

  /** A grant was admitted or refused; what comes of it is judged a minute later. Too many at once are passed over. */
  noteAdmission(admission: AdmissionRecord): void {
    if (this.#admissions >= ADMISSIONS_MAX) return;
    this.#admissions += 1;
    this.#step({ kind: 'admission', admission, nowMs: this.#nowMs() });
  }

  acceptFrame(frame: TelemetryFrame): void {
    const nowMs = this.#nowMs();
    this.#step({ kind: 'frame', frame, nowMs });
    if (frame.part === frame.parts - 1) {
      this.#timing.frameArrived(frame.node, nowMs);
      if (this.#frameEndsMs.length < FRAMES_MEASURED_MAX) this.#frameEndsMs.push(frame.endMs);
    }
    if (this.#timer !== undefined && this.#timing.isDue(nowMs)) this.#tick();
  }

  view(): MeshView {
    return viewOf(this.#state, this.#nowMs());
  }

  /** What admission is decided by now. */
  admissionScene(): AdmissionScene {
    return admissionSceneOf(this.#state);
  }

  /** What would become of the gates if a configuration were in force. */
  whatIfEdit(config: MeshConfig): readonly ServiceForecast[] {
    return whatIfEdit(this.#state, config);
  }

  /** What the kernel rests on. */
  substrate(): SubstrateView {
    return substrateViewOf(this.#state, this.#nowMs(), this.#spectra);
  }

  /** What the plan of a configuration is computed from now. */
  planInput(config: MeshConfig): PlanInput {
    return planInputOf(this.#state, config);
  }

  /** Settles after the next tick. */
  nextTick(): Promise<void> {
    return new Promise((resolve) => this.#tickWaiters.add(resolve));
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const waitMs = this.#timing.untilDeadlineMs(this.#nowMs());
    this.#timer = setTimeout(() => this.#tick(), waitMs);
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    this.#timing.ticked(nowMs);
    const nodes = this.#options.rollout?.();
    if (nodes !== undefined) this.#step({ kind: 'rollout', nodes, nowMs });
    const wallMs = this.#options.clock.wallMs();
    this.#step({ kind: 'tick', nowMs, wallMs });
    this.#ticks += 1;
    this.#admissions = 0;
    const frameAgesMs = this.#frameEndsMs.splice(0).map((endMs) => Math.max(0, wallMs - endMs));
    this.#options.onTick?.({ durationMs: this.#nowMs() - nowMs, frameAgesMs });
    this.#schedule();
    const waiters = [...this.#tickWaiters];
    this.#tickWaiters.clear();
    for (const resolve of waiters) resolve();
  }

  #step(event: KernelEvent): void {
    let effects: readonly KernelEffect[] = [];
    try {
      effects = step(this.#state, event).effects;
      for (const effect of effects) this.#perform(effect);
    } catch (error) {
      this.#options.logger.error({ err: error, event: event.kind }, 'the kernel failed');
    }
    this.#observe((observer) => observer.stepped(event, effects, this.#state));
  }

  #observe(tell: (observer: KernelObserver) => void): void {
    for (const observer of this.#options.observers ?? []) {
      try {
        tell(observer);
      } catch (error) {
        this.#options.logger.error({ err: error }, 'an observer of the kernel failed');
      }
    }
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs() + this.#offsetMs;
  }

  #perform(effect: KernelEffect): void {
    const edited = this.#revision !== this.#publishedRevision;
    if (effect.kind === 'publish-plan') this.#publishedRevision = this.#revision;
    this.#options.run(effect, { revision: this.#revision, edited });
  }
}
