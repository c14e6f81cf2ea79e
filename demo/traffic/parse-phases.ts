import type { Phase } from './traffic-source.ts';

/** Reads `calm:10:300,overload:10:1600`: name, seconds, calls a second. Throws on anything else. */
export function parsePhases(text: string): Phase[] {
  return text.split(',').map((part) => {
    const [name = '', seconds, rateRps, rest] = part.split(':');
    const phase = { name, seconds: Number(seconds), rateRps: Number(rateRps) };
    if (name === '' || rest !== undefined || !(phase.seconds > 0) || !(phase.rateRps > 0)) {
      throw new Error(`phases: "${part}" is not name:seconds:rate`);
    }
    return phase;
  });
}
