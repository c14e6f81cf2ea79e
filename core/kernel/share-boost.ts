import type { ServiceState } from './service-state.ts';

/** Mean calls in flight over N of a single caller that fills its limit. */
const FILLED = 0.92;
const BOOST_MAX = 1.5;
/** Share of the way (on a log scale) towards a larger factor per tick; downwards it goes at once. */
const APPROACH = 0.3;

/**
 * N is split over callers, and callers whose demand fluctuates leave part of
 * their share unused while others are refused: the shares add to N, the calls in
 * flight do not. The factor on N grows while that is so and falls at once when
 * the service holds more than N. While a verification has lowered N on purpose,
 * or a cut still settles, it stays.
 *
 * @param limit N that was in force during the newest tick
 */
export function followShareBoost(service: ServiceState, limit: number): void {
  const { controller, newest } = service;
  if (controller.mode === 'open' || newest === null) {
    service.shareBoost = 1;
    return;
  }
  if (controller.verifyStep !== 0 || controller.settleTicks > 0 || newest.answers === 0) return;
  const meanInFlight = newest.latencySumSec / newest.durationSec;
  const wanted = (FILLED * limit) / meanInFlight;
  if (wanted > 1 && newest.breakerRefused === 0) return;
  const factor = wanted > 1 ? wanted ** APPROACH : wanted;
  service.shareBoost = Math.max(1, Math.min(BOOST_MAX, service.shareBoost * factor));
}
