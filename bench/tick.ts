/**
 * Cost of a kernel tick – one node's frame and the tick that follows, for meshes
 * of 10, 100 and 1000 services with ten callers each – and of the spectrum of a
 * mesh of 1000 nodes, beside NumPy and SciPy. The first ticks, in which windows
 * fill, are not measured.
 *
 * `--services 10,100,1000 --workloads 10 --warmup 130 --ticks 50 --nodes 1000
 * --rounds 7` (0 leaves the spectrum out, and Python with it); the last line is
 * JSON. Exits with 1 when an eigenvalue is not the one that the others find.
 */
import { parseArgs } from 'node:util';
import { compareSpectra, type SpectrumComparison } from './tick/compare-spectra.ts';
import { measureTicks } from './tick/measure-ticks.ts';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '10,100,1000' },
    workloads: { type: 'string', default: '10' },
    warmup: { type: 'string', default: '130' },
    ticks: { type: 'string', default: '50' },
    nodes: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '7' },
  },
});

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

const tickMs: Record<string, number> = {};
const tickCpuMs: Record<string, number> = {};
const tickMaxMs: Record<string, number> = {};
for (const services of values.services.split(',')) {
  const cost = measureTicks({
    services: Number(services),
    workloads: Number(values.workloads),
    warmup: Number(values.warmup),
    ticks: Number(values.ticks),
  });
  tickMs[services] = round(cost.p50Ms);
  tickCpuMs[services] = round(cost.cpuP50Ms);
  tickMaxMs[services] = round(cost.maxMs);
  console.log(
    `${services} services: median ${round(cost.p50Ms)} ms (processor ${round(cost.cpuP50Ms)}), longest ${round(cost.maxMs)} ms`,
  );
}
const rssMiB = Math.round(process.memoryUsage().rss / 2 ** 20);

const compared = Number(values.rounds) > 0 ? await compareSpectra(Number(values.nodes), Number(values.rounds)) : [];
for (const { graph, lambda1, lambdaMax, firstMs, medianMs, differences } of compared) {
  const { capmesh, eigvalsh, eigsh, looseEigsh } = medianMs;
  console.log(
    `${graph}: λ1 ${lambda1.toFixed(6)}, λ_max ${lambdaMax.toFixed(6)}; median ${round(capmesh)} ms ` +
      `(first call ${round(firstMs)}), eigvalsh ${round(eigvalsh)}, eigsh ${round(eigsh)} (${round(looseEigsh)} where 1e-6 is enough)`,
  );
  if (differences.length > 0) console.log(`${graph}: other eigenvalues by ${differences.join(' and ')}`);
}

/** Time over time, over all graphs; below 1 Capmesh is faster. */
function ratio(solver: 'eigvalsh' | 'eigsh'): number | null {
  const total = (of: (comparison: SpectrumComparison) => number): number =>
    compared.reduce((sum, comparison) => sum + of(comparison), 0);
  return compared.length === 0
    ? null
    : round(total(({ medianMs }) => medianMs.capmesh) / total(({ medianMs }) => medianMs[solver]), 3);
}

const isVoid = compared.some(({ differences }) => differences.length > 0);
const ratios = { spectrumVsEigvalsh: ratio('eigvalsh'), spectrumVsEigsh: ratio('eigsh') };
console.log(JSON.stringify({ bench: 'tick', void: isVoid, rssMiB, tickMs, tickCpuMs, tickMaxMs, ratios }));
if (isVoid) process.exitCode = 1;
