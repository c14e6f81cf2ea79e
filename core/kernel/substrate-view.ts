import { WINDOW_TICKS_MAX } from '../substrate/edge-window.ts';
import type { MeshSpectrum } from '../substrate/spectrum.ts';
import type { SpectrumMemory } from '../substrate/spectrum-memory.ts';
import type { ResourceSample } from '../substrate/telemetry-frame.ts';
import { type Correlator, callsIn, correlatorOf } from './correlator.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';
import type { MetricStream, ResourceMetrics } from './substrate-state.ts';
import { MeshWindows } from './windows.ts';

/** What the kernel rests on, as of its newest tick: the seed's SubstrateState with names. */
export interface SubstrateView {
  readonly mesh: string;
  /** Load, latency and errors by service. */
  readonly serviceMetrics: ReadonlyMap<string, MetricStream>;
  /** Of the hosts of the nodes. */
  readonly resourceMetrics: ResourceMetrics;
  /** G_C against G_EFT. */
  readonly correlatorG: Correlator;
  /** Of the calls that were seen, G_C. */
  readonly eigenvalueSpectrum: MeshSpectrum;
  /** Age of what was measured, ms on the monotonic clock. */
  readonly ageMs: number;
}

/**
 * What was measured so far. Decides nothing and changes nothing that the next
 * tick reads: the sums of the windows are refreshed, as every tick does first.
 *
 * @param spectra of the same mesh, from one view to the next
 */
export function substrateViewOf(state: KernelState, nowMs: number, spectra: SpectrumMemory): SubstrateView {
  const services = [...state.services.values()];
  const correlatorG = correlatorOf({ services: state.services, windows: MeshWindows.ofAll(state.services) });
  return {
    mesh: state.config?.mesh ?? '',
    serviceMetrics: new Map(services.map((service) => [service.service, streamOf(service)])),
    resourceMetrics: resourcesOf(state),
    correlatorG,
    eigenvalueSpectrum: spectra.of(correlatorG.names, callsIn(correlatorG)),
    ageMs: Math.max(0, nowMs - Math.max(0, ...services.map(({ lastDataMs }) => lastDataMs))),
  };
}

/** CPU, memory, network and disk by node, of the nodes that told them. */
export const resourcesOf = ({ nodes }: Pick<KernelState, 'nodes'>): ResourceMetrics =>
  new Map(
    [...nodes.values()].flatMap(({ telemetry: { node, resources } }): [string, ResourceSample][] =>
      resources === null ? [] : [[node, resources]],
    ),
  );

/** The last minute of a service over all its edges, from their windows; oldest first. */
function streamOf(service: ServiceState): MetricStream {
  const windows = [...service.edges.values()].map(({ window }) => window);
  const ticks = Math.min(WINDOW_TICKS_MAX, Math.max(0, ...windows.map(({ size }) => size)));
  return Array.from({ length: ticks }, (_, i) => {
    const sum = { durationSec: 0, attempts: 0, failures: 0, answers: 0, latencySumMs: 0, inFlight: 0 };
    for (const window of windows) {
      const tick = window.tick(ticks - i);
      if (tick === null) continue;
      sum.durationSec = Math.max(sum.durationSec, tick.durationSec);
      sum.attempts += tick.attempts;
      sum.failures += tick.failures;
      sum.answers += tick.answers;
      sum.latencySumMs += tick.latencySumMs;
      sum.inFlight += tick.inFlight;
    }
    return {
      durationSec: sum.durationSec,
      loadRps: sum.durationSec > 0 ? sum.attempts / sum.durationSec : 0,
      latencyMs: sum.answers > 0 ? sum.latencySumMs / sum.answers : null,
      errorRatio: sum.attempts > 0 ? sum.failures / sum.attempts : null,
      inFlight: sum.inFlight,
    };
  });
}
