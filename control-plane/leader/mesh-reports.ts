import type { NatsConnection } from '@nats-io/transport-node';
import type { AdmissionRecord } from '../../core/admission/admission-ledger.ts';
import type { AdmissionScene } from '../../core/admission/admission-scene.ts';
import type { ServiceForecast } from '../../core/admission/what-if.ts';
import type { PlanInput } from '../../core/allocators/plan-input.ts';
import { admissionSceneOf } from '../../core/kernel/admission-scene-of.ts';
import { type KernelCheckpoint, restoreKernel } from '../../core/kernel/checkpoint.ts';
import { adoptConfig, createKernel, type KernelState } from '../../core/kernel/kernel-state.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import { planInputOf } from '../../core/kernel/plan-mesh.ts';
import { STALE_GATES, STALE_MS } from '../../core/kernel/stale.ts';
import { type SubstrateView, substrateViewOf } from '../../core/kernel/substrate-view.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { whatIfEdit } from '../../core/kernel/what-if-edit.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { SpectrumMemory } from '../../core/substrate/spectrum-memory.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { unpackJson } from '../state/packed-json.ts';
import { hearReplicas } from './hear-replicas.ts';
import { PackedSender, receivePacked } from './packed-subject.ts';

/** What the leader's kernel remembers after a tick, for the replicas that run none. */
export interface MeshReport {
  readonly epoch: number;
  /** Of the checkpoint, on the kernel's own time line. */
  readonly nowMs: number;
  readonly checkpoint: KernelCheckpoint;
}

export interface MeshReportsOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  readonly bytesMax: number;
  readonly config: () => MeshConfig;
  /** Judges grants that other replicas decided; `null` = this replica does not lead. */
  readonly judge: () => AdmissionJudge | null;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** The kernel, as far as it is told of grants. */
interface AdmissionJudge {
  noteAdmission(record: AdmissionRecord): void;
}

/** Decisions within this time are told together: they are judged a minute later. */
const GATHER_MS = 250;
const ADMISSIONS_MAX = 1000;

/**
 * What passes between the leader's kernel and the other replicas: its memory
 * after a tick, from which each of them answers as the kernel would; and their
 * decisions about grants, which it judges. A replica that has heard no report for
 * 10 s is blind: every gate is UNKNOWN, so it admits small grants only.
 */
export class MeshReports {
  readonly #options: MeshReportsOptions;
  readonly #sender: PackedSender;
  readonly #spectra = new SpectrumMemory();
  readonly #decisions: PackedSender;
  readonly #untold: AdmissionRecord[] = [];
  #owed: NodeJS.Timeout | undefined;
  readonly #ends: readonly (() => void)[];
  #newest: { readonly report: MeshReport; readonly atMs: number; state: KernelState | null } | null = null;
  #blind: { readonly config: MeshConfig; readonly state: KernelState } | null = null;

  constructor(options: MeshReportsOptions) {
    const { connection, mesh, bytesMax, logger } = options;
    this.#options = options;
    const [reports, admissions] = [`capmesh.v1.reports.${mesh}`, `capmesh.v1.admissions.${mesh}`];
    this.#sender = new PackedSender(connection, reports, bytesMax, logger);
    this.#decisions = new PackedSender(connection, admissions, bytesMax, logger);
    this.#ends = [
      receivePacked(connection, reports, (value) => this.#take(value as MeshReport), logger),
      hearReplicas(connection, admissions, (packed) => this.#hearAdmissions(packed), logger),
    ];
  }

  /** The leader's word. */
  send(report: MeshReport): void {
    this.#sender.send(report);
  }

  /** Tells the leader of a decision that was made here. Too many at once are passed over, as the kernel does. */
  tellAdmission(record: AdmissionRecord): void {
    if (this.#untold.length < ADMISSIONS_MAX) this.#untold.push(record);
    this.#owed ??= setTimeout(() => {
      this.#owed = undefined;
      void this.#decisions.sendEach(this.#untold.splice(0));
    }, GATHER_MS);
  }

  view(): MeshView {
    const { state, nowMs } = this.#known();
    return viewOf(state, nowMs);
  }

  substrate(): SubstrateView {
    const { state, nowMs } = this.#known();
    return substrateViewOf(state, nowMs, this.#spectra);
  }

  admissionScene(): AdmissionScene {
    return admissionSceneOf(this.#known().state);
  }

  whatIfEdit(next: MeshConfig): readonly ServiceForecast[] {
    return whatIfEdit(this.#known().state, next);
  }

  planInput(config: MeshConfig): PlanInput {
    return planInputOf(this.#known().state, config);
  }

  stop(): void {
    clearTimeout(this.#owed);
    for (const end of this.#ends) end();
  }

  async #hearAdmissions(packed: Uint8Array): Promise<void> {
    const judge = this.#options.judge();
    if (judge === null) return;
    for (const record of (await unpackJson(packed)) as AdmissionRecord[]) judge.noteAdmission(record);
  }

  /** A report of a lower epoch than the newest one comes from a leader that is none any more. */
  #take(report: MeshReport): void {
    if (this.#newest !== null && report.epoch < this.#newest.report.epoch) return;
    this.#newest = { report, atMs: this.#options.clock.monotonicMs(), state: null };
  }

  /** The kernel as it was reported, and where its time stands now. Made only when somebody asks. */
  #known(): { readonly state: KernelState; readonly nowMs: number } {
    const newest = this.#newest;
    const ageMs = newest === null ? Number.POSITIVE_INFINITY : this.#options.clock.monotonicMs() - newest.atMs;
    if (newest === null || ageMs > STALE_MS) return { state: this.#blindState(), nowMs: 0 };
    if (newest.state === null) {
      const kernel = restoreKernel(newest.report.checkpoint, newest.report.epoch);
      if (!kernel.ok) this.#options.logger.warn({ problem: kernel.problem }, 'a report of the leader cannot be read');
      newest.state = kernel.ok ? kernel.state : this.#blindState();
    }
    return { state: newest.state, nowMs: newest.report.nowMs + ageMs };
  }

  #blindState(): KernelState {
    const config = this.#options.config();
    if (this.#blind?.config !== config) {
      const state = createKernel();
      adoptConfig(state, config);
      for (const service of state.services.values()) service.gates = STALE_GATES;
      this.#blind = { config, state };
    }
    return this.#blind.state;
  }
}
