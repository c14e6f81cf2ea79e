import { WINDOW_TICKS_MAX } from '../substrate/edge-window.ts';
import { SpectrumMemory } from '../substrate/spectrum-memory.ts';
import type { TelemetryFrame } from '../substrate/telemetry-frame.ts';
import { correlatorOf } from './correlator.ts';
import type { Moment } from './kernel-io.ts';
import type { KernelState } from './kernel-state.ts';
import { measureMesh } from './measure-mesh.ts';
import type { ServiceState } from './service-state.ts';
import { step } from './step.ts';
import { type MetricSample, type MetricStream, SubstrateState } from './substrate-state.ts';
import { resourcesOf } from './substrate-view.ts';

/** Gives the frames that nodes sent since it was asked last. */
export type MeasureSource = () => readonly TelemetryFrame[];

/** What a kernel rests on: nodes that tell what they see. */
export class Substrate {
  readonly #kernel: KernelState;
  readonly #source: MeasureSource;
  readonly #spectra = new SpectrumMemory();
  #streams = new Map<string, MetricStream>();

  constructor(kernel: KernelState, source: MeasureSource) {
    this.#kernel = kernel;
    this.#source = source;
  }

  /** Takes what nodes sent and measures one tick. */
  measure({ nowMs, wallMs }: Moment): SubstrateState {
    const kernel = this.#kernel;
    for (const frame of this.#source()) step(kernel, { kind: 'frame', frame, nowMs });
    kernel.nowMs = Math.max(kernel.nowMs, nowMs);
    const measured = measureMesh(kernel, wallMs);
    this.#streams = new Map(
      [...measured.services.values()].map((service) => [
        service.service,
        this.#streamOf(service, measured.seen.has(service)),
      ]),
    );
    return new SubstrateState({
      serviceMetrics: this.#streams,
      resourceMetrics: resourcesOf(kernel),
      correlatorG: correlatorOf(measured),
      timestampMs: wallMs,
      measured,
      spectra: this.#spectra,
    });
  }

  #streamOf(service: ServiceState, seen: boolean): MetricStream {
    const before = this.#streams.get(service.service) ?? [];
    const sample = seen ? sampleOf(service) : null;
    return sample === null ? before : [...before, sample].slice(-WINDOW_TICKS_MAX);
  }
}

function sampleOf({ newest, edges }: ServiceState): MetricSample | null {
  if (newest === null) return null;
  const { durationSec, attempts, answers, latencySumSec, inFlight } = newest;
  const failures = [...edges.values()].reduce((sum, edge) => sum + (edge.newest?.failures ?? 0), 0);
  return {
    durationSec,
    loadRps: attempts / durationSec,
    latencyMs: answers > 0 ? (1000 * latencySumSec) / answers : null,
    errorRatio: attempts > 0 ? failures / attempts : null,
    inFlight,
  };
}
