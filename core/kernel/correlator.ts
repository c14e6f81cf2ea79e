import { callsOf } from '../substrate/edge-delta.ts';
import type { CallRate } from '../substrate/normalised-laplacian.ts';
import type { MeasuredMesh } from './measure-mesh.ts';

/** Who calls whom, seen and expected: G_C against G_EFT as sparse matrices (MATHS §B1). */
export interface Correlator {
  /** Rows and columns: services, then workloads that serve nothing themselves. */
  readonly names: readonly string[];
  readonly cells: readonly CorrelatorCell[];
}

export interface CorrelatorCell {
  /** Indices into `names`: caller and callee. */
  readonly from: number;
  readonly to: number;
  /** G_C: calls per second over the window. */
  readonly observedRps: number;
  /** G_EFT: the same by the model, given what the caller handled; `null` where the caller is no service or nothing is learned. */
  readonly expectedRps: number | null;
}

/** The correlator of what was measured: one cell per edge that has a budget. */
export function correlatorOf({ services, windows }: Pick<MeasuredMesh, 'services' | 'windows'>): Correlator {
  const edges = [...services.values()].flatMap((service) => {
    const { ticks } = windows.of(service);
    return [...service.edges.values()].filter(({ budget }) => budget !== null).map((edge) => ({ edge, ticks }));
  });
  const names = [...new Set([...services.keys(), ...edges.map(({ edge }) => edge.workload)])];
  const index = new Map(names.map((name, i) => [name, i]));
  return {
    names,
    cells: edges.map(({ edge, ticks }) => {
      const { durationSec } = edge.sums;
      const perSec = (calls: number): number => (durationSec > 0 ? calls / durationSec : 0);
      const isModelled = services.has(edge.workload) && edge.model.requests > 0;
      return {
        from: index.get(edge.workload) ?? -1,
        to: index.get(edge.service) ?? -1,
        observedRps: perSec(callsOf(edge.sums)),
        expectedRps: isModelled ? perSec(edge.model.expectedCalls(windows.handled(edge.workload, ticks))) : null,
      };
    }),
  };
}

/** G_C as calls between nodes, whose numbers are the places in `names`. */
export const callsIn = ({ cells }: Correlator): CallRate[] =>
  cells.map(({ from, to, observedRps }) => ({ from, to, rateRps: observedRps }));
