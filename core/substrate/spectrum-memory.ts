import type { CallRate } from './normalised-laplacian.ts';
import { type MeshSpectrum, meshSpectrum } from './spectrum.ts';

/** Calls may move by this share of all of them before the spectrum follows (MATHS §B9). */
const MOVED_SHARE = 0.05;

/**
 * The spectrum of a call graph that is asked for again and again. It is computed
 * anew only where the topology changed – a node came or went, somebody began or
 * ceased to call somebody – or where the weights moved: Σ|w − w₀| > 0.05·Σ w₀ over
 * all edges, rates in calls per second (MATHS §B9).
 */
export class SpectrumMemory {
  #known: KnownSpectrum | null = null;

  /**
   * The spectrum of `names.length` nodes and the calls between them.
   * Throws a RangeError on calls that `meshSpectrum` refuses.
   */
  of(names: readonly string[], calls: readonly CallRate[]): MeshSpectrum {
    if (this.#known === null || isMoved(this.#known, names, calls)) {
      this.#known = { names, calls, spectrum: meshSpectrum(names.length, calls) };
    }
    return this.#known.spectrum;
  }
}

interface KnownSpectrum {
  readonly names: readonly string[];
  readonly calls: readonly CallRate[];
  readonly spectrum: MeshSpectrum;
}

function isMoved(known: KnownSpectrum, names: readonly string[], calls: readonly CallRate[]): boolean {
  if (known.names.length !== names.length || known.calls.length !== calls.length) return true;
  if (names.some((name, i) => name !== known.names[i])) return true;
  let [moved, total] = [0, 0];
  for (let i = 0; i < calls.length; i++) {
    const [before, now] = [known.calls[i], calls[i]];
    if (before === undefined || now === undefined) return true;
    if (before.from !== now.from || before.to !== now.to) return true;
    if ((before.rateRps === 0) !== (now.rateRps === 0)) return true;
    moved += Math.abs(now.rateRps - before.rateRps);
    total += before.rateRps;
  }
  return !(moved <= MOVED_SHARE * total);
}
