import type { LoadEstimate } from './load-limit.ts';

/** Largest estimate or cost of one call, CPU-ms or MiB; beyond it somebody is mistaken. */
export const LOAD_MAX = 1e9;
const DECIMAL = /^\d{1,10}(\.\d{1,9})?$/;

/** CPU-ms or MiB as a header says it: a decimal number from 0 to 10⁹; `null` for anything else. */
export function readLoad(text: string): number | null {
  if (!DECIMAL.test(text)) return null;
  const load = Number(text);
  return load <= LOAD_MAX ? load : null;
}

/**
 * The estimate of a call from its headers `x-capacity-cpu` and
 * `x-capacity-memory-mb`; an empty text is nothing. `null` where one of them is no
 * load.
 */
export function readEstimate(cpu: string, memoryMb: string): LoadEstimate | null {
  const [cpuMs, memory] = [cpu, memoryMb].map((text) => (text === '' ? 0 : readLoad(text)));
  return typeof cpuMs === 'number' && typeof memory === 'number' ? { cpu: cpuMs, memoryMb: memory } : null;
}
