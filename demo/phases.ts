import type { Phase } from './traffic/traffic-source.ts';

/**
 * What payment can serve in the demo: 125 calls a second, which the mesh has to
 * find out. Four times as many still fit on two cores, at four hops a call.
 */
export const DEMO_PAYMENT = { workers: 4, serviceMs: 32 };
const PAYMENT_RPS = (DEMO_PAYMENT.workers / DEMO_PAYMENT.serviceMs) * 1000;
const CALM = 0.6;
const OVERLOAD = 4;
const CYCLE_SECONDS = 60;

/** Calm, four times what payment can serve, calm again; the phases fill `seconds`, or one cycle of a run without end. */
export function demoPhases(seconds: number | null): Phase[] {
  const total = seconds ?? CYCLE_SECONDS;
  return [
    { name: 'calm', seconds: total * 0.4, rateRps: CALM * PAYMENT_RPS },
    { name: 'four-fold overload', seconds: total * 0.25, rateRps: OVERLOAD * PAYMENT_RPS },
    { name: 'calm again', seconds: total * 0.35, rateRps: CALM * PAYMENT_RPS },
  ];
}
