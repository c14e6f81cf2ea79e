import { median } from '../../core/numeric/statistics.ts';
import { type MeshSpectrum, meshSpectrum } from '../../core/substrate/spectrum.ts';
import { type CallGraph, callGraphs } from './call-graphs.ts';
import { NumpyPeer, type PeerAnswer, type Solver } from './numpy-peer.ts';

/** Eigenvalues that differ by more make the run void. */
const ERROR_MAX = 1e-6;
const SOLVERS: readonly Solver[] = ['eigvalsh', 'eigsh', 'looseEigsh'];

export interface SpectrumComparison {
  readonly graph: string;
  /** λ1 and λ_max of Capmesh. */
  readonly lambda1: number;
  readonly lambdaMax: number;
  /** The first call, before anything of it was compiled for this graph. */
  readonly firstMs: number;
  readonly medianMs: Readonly<Record<'capmesh' | Solver, number>>;
  /** Where somebody else has other eigenvalues. */
  readonly differences: readonly string[];
}

/**
 * λ1 and λ_max of call graphs, by Capmesh (from the call rates on, with the
 * Fiedler partition) and by both solvers (from the prepared matrix on), in turn
 * `rounds` times after one round that does not count.
 */
export async function compareSpectra(size: number, rounds: number): Promise<SpectrumComparison[]> {
  const peer = new NumpyPeer();
  try {
    const compared: SpectrumComparison[] = [];
    for (const graph of callGraphs(size)) {
      await peer.take(graph);
      compared.push(await compareOn(graph, peer, rounds));
    }
    return compared;
  } finally {
    peer.stop();
  }
}

async function compareOn(graph: CallGraph, peer: NumpyPeer, rounds: number): Promise<SpectrumComparison> {
  const [first, firstMs] = timed(graph);
  const differences = new Set<string>();
  const times: Record<'capmesh' | Solver, number[]> = { capmesh: [], eigvalsh: [], eigsh: [], looseEigsh: [] };
  for (let round = 0; round <= rounds; round++) {
    const [own, ownMs] = timed(graph);
    const isCounted = round > 0;
    if (isCounted) times.capmesh.push(ownMs);
    for (const solver of SOLVERS) {
      const answer = await peer.solve(solver);
      if (isCounted) times[solver].push(answer.ms);
      if (differ(own, answer)) differences.add(solver);
    }
  }
  const [lambda1, lambdaMax] = [first.lambda1 ?? Number.NaN, first.lambdaMax ?? Number.NaN];
  const medianMs = {
    capmesh: median(times.capmesh),
    eigvalsh: median(times.eigvalsh),
    eigsh: median(times.eigsh),
    looseEigsh: median(times.looseEigsh),
  };
  return { graph: graph.name, lambda1, lambdaMax, firstMs, medianMs, differences: [...differences] };
}

function timed({ size, calls }: CallGraph): [MeshSpectrum, number] {
  const startMs = performance.now();
  const spectrum = meshSpectrum(size, calls);
  return [spectrum, performance.now() - startMs];
}

/** Whether an answer is another one; a graph in several parts has no answer that could be compared. */
const differ = ({ lambda1, lambdaMax, zeroMultiplicity, converged }: MeshSpectrum, answer: PeerAnswer): boolean =>
  !converged ||
  zeroMultiplicity !== 1 ||
  !isNear(lambda1, answer.lambda1) ||
  (answer.lambdaMax !== null && !isNear(lambdaMax, answer.lambdaMax));

const isNear = (own: number | null, other: number): boolean => Math.abs((own ?? Number.NaN) - other) <= ERROR_MAX;
