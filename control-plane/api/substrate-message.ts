import type { Correlator } from '../../core/kernel/correlator.ts';
import type { SubstrateView } from '../../core/kernel/substrate-view.ts';
import type { MeshSpectrum } from '../../core/substrate/spectrum.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import type { CorrelatorRow, Spectrum, Substrate } from '../../proto/gen/capmesh/v1/admin_service.ts';

/** What was measured, with names in place of indices. @param wallMs now */
export function substrateMessage(view: SubstrateView, wallMs: number): Substrate {
  return {
    mesh: view.mesh,
    timestamp: secondsAndNanos(wallMs - view.ageMs),
    serviceMetrics: [...view.serviceMetrics].map(([service, stream]) => ({
      service,
      samples: stream.map(({ latencyMs, errorRatio, ...sample }) => ({
        ...sample,
        latencyMs: latencyMs ?? undefined,
        errorRatio: errorRatio ?? undefined,
      })),
    })),
    resourceMetrics: [...view.resourceMetrics].map(([node, resources]) => ({ node, resources })),
    correlator: rows(view.correlatorG),
    eigenvalueSpectrum: spectrumMessage(view.eigenvalueSpectrum, view.correlatorG.names),
  };
}

function rows({ names, cells }: Correlator): CorrelatorRow[] {
  const byCaller = new Map<number, CorrelatorRow>();
  for (const { from, to, observedRps, expectedRps } of cells) {
    const row = byCaller.get(from) ?? { caller: names[from] ?? '', cells: [] };
    byCaller.set(from, row);
    row.cells.push({ callee: names[to] ?? '', observedRps, expectedRps: expectedRps ?? undefined });
  }
  return [...byCaller].sort(([a], [b]) => a - b).map(([, row]) => row);
}

const spectrumMessage = (spectrum: MeshSpectrum, names: readonly string[]): Spectrum => ({
  eigenvalues: [...(spectrum.eigenvalues ?? [])],
  zeroMultiplicity: spectrum.zeroMultiplicity,
  lambda1: spectrum.lambda1 ?? undefined,
  lambdaMax: spectrum.lambdaMax ?? undefined,
  spectralDimension: spectrum.dimension.value ?? undefined,
  dimensionReason: spectrum.dimension.reason ?? '',
  blastRadius: (spectrum.partition?.nodes ?? []).map((node) => names[node] ?? ''),
  conductance: spectrum.partition?.conductance,
  converged: spectrum.converged,
});
