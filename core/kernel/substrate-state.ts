import type { MeshSpectrum } from '../substrate/spectrum.ts';
import type { SpectrumMemory } from '../substrate/spectrum-memory.ts';
import type { ResourceSample } from '../substrate/telemetry-frame.ts';
import { type Correlator, callsIn } from './correlator.ts';
import type { MeasuredMesh } from './measure-mesh.ts';

/** One tick of a service. */
export interface MetricSample {
  readonly durationSec: number;
  /** Attempts per second that reached it. */
  readonly loadRps: number;
  /** Mean of the answers; `null` without any. */
  readonly latencyMs: number | null;
  /** Failures over attempts; `null` without attempts. */
  readonly errorRatio: number | null;
  /** At the end of the tick. */
  readonly inFlight: number;
}

/** Ticks of a service that were fully known, oldest first; a minute at most. */
export type MetricStream = readonly MetricSample[];

/** CPU, memory, network and disk by node, as each told them last. */
export type ResourceMetrics = ReadonlyMap<string, ResourceSample>;

type Fields = Omit<SubstrateState, 'eigenvalueSpectrum'> & {
  /** Of the states before it too. */
  readonly spectra: SpectrumMemory;
};

/** What was measured in one tick. */
export class SubstrateState {
  /** Load, latency and errors by service. */
  readonly serviceMetrics: ReadonlyMap<string, MetricStream>;
  readonly resourceMetrics: ResourceMetrics;
  readonly correlatorG: Correlator;
  /** UTC milliseconds. */
  readonly timestampMs: number;
  /** What the gates read; holds until the next tick measures. */
  readonly measured: MeasuredMesh;
  readonly #spectra: SpectrumMemory;
  #spectrum: MeshSpectrum | null = null;

  constructor({ serviceMetrics, resourceMetrics, correlatorG, timestampMs, measured, spectra }: Fields) {
    this.#spectra = spectra;
    this.serviceMetrics = serviceMetrics;
    this.resourceMetrics = resourceMetrics;
    this.correlatorG = correlatorG;
    this.timestampMs = timestampMs;
    this.measured = measured;
  }

  /** Eigenvalues of the calls that were seen (MATHS §B3): a diagnostic, computed when it is asked for and calls have moved. */
  get eigenvalueSpectrum(): MeshSpectrum {
    this.#spectrum ??= this.#spectra.of(this.correlatorG.names, callsIn(this.correlatorG));
    return this.#spectrum;
  }
}
