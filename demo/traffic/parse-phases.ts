import type { Phase } from './traffic-source.ts';

/**
 * Reads `calm:10:300,overload:10:1600,heavy:10:30:10`: name, seconds, calls a second and, where calls are
 * heavier than ordinary ones, how many of those each is worth. Throws on anything else.
 */
export function parsePhases(text: string): Phase[] {
  return text.split(',').map((part) => {
    const [name = '', seconds, rateRps, work = '1', rest] = part.split(':');
    const phase = { name, seconds: Number(seconds), rateRps: Number(rateRps), work: Number(work) };
    if (name === '' || rest !== undefined || !(phase.seconds > 0) || !(phase.rateRps > 0) || !(phase.work > 0)) {
      throw new Error(`phases: "${part}" is not name:seconds:rate or name:seconds:rate:work`);
    }
    return phase;
  });
}
