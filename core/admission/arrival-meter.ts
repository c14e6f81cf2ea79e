/**
 * Level of a leaky bucket that admitted calls fill and `rateRps` drains: how far
 * arrivals run ahead of their guarantee (CONTRACT §I, "largest admitted level").
 * Changed in place; monotonic milliseconds.
 */
export interface ArrivalMeter {
  level: number;
  atMs: number;
  /** Largest level since the last `takeLevelMax`, calls. */
  levelMax: number;
}

/** A meter that no call was counted in. */
export const createArrivalMeter = (nowMs: number): ArrivalMeter => ({ level: 0, atMs: nowMs, levelMax: 0 });

/** Counts one admitted call. */
export function countArrival(meter: ArrivalMeter, rateRps: number, nowMs: number): void {
  drain(meter, rateRps, nowMs);
  meter.level += 1;
  if (meter.level > meter.levelMax) meter.levelMax = meter.level;
}

/** Largest level of the interval that ends now; the next one starts from the present level. */
export function takeLevelMax(meter: ArrivalMeter, rateRps: number, nowMs: number): number {
  const { levelMax } = meter;
  drain(meter, rateRps, nowMs);
  meter.levelMax = meter.level;
  return levelMax;
}

function drain(meter: ArrivalMeter, rateRps: number, nowMs: number): void {
  const elapsedMs = nowMs - meter.atMs;
  if (elapsedMs <= 0) return;
  meter.level = Math.max(0, meter.level - (elapsedMs * rateRps) / 1000);
  meter.atMs = nowMs;
}
