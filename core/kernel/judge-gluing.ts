import type { GateVerdict } from '../gates/gate-state.ts';
import { type EdgeCounts, gluingGate } from '../gates/gluing.ts';
import type { ConfigLag } from '../gates/state-views.ts';
import { inFlightBound } from '../gates/view-disagreement.ts';
import type { WindowSums } from '../substrate/window-sums.ts';
import type { EdgeState } from './edge-state.ts';

/** A sidecar reads its own counters this long, at most, after Envoy read its own. */
const COUNTER_SKEW_SEC = 0.1;

/** Independent windows of ten ticks in a day: α of k is then the risk of a day, though every tick looks. */
const LOOKS_PER_DAY = 8640;

export interface GluingScope {
  /** Edges of the service that have a budget. */
  readonly edges: readonly EdgeState[];
  readonly lag: ConfigLag | null;
  readonly k: number;
  readonly geo: number | null;
}

/**
 * Do several looks at a service agree? Latencies of an edge as its nodes saw
 * them, calls as sidecar and Envoy counted them, and configuration and leases as
 * nodes hold them (MATHS §B2). Edges are compared each by itself: callers differ
 * in what they ask for. What replicas spent of a ledger is not reported, so that
 * the ledger is no view here.
 */
export function judgeGluing({ edges, lag, k, geo }: GluingScope): GateVerdict {
  return gluingGate({
    distributions: edges.flatMap(({ key, views }) =>
      views !== null && views.size >= 2 ? [{ name: key, views: views.views() }] : [],
    ),
    counters: edges.flatMap((edge) => (edge.sums.offered > 0 ? [counterView(edge)] : [])),
    config: lag,
    ledger: null,
    k,
    looks: LOOKS_PER_DAY,
    geo,
  });
}

/** Calls that the sidecar let pass against calls that Envoy then dealt with (CONTRACT §I). */
function counterView({ key, sums }: EdgeState): EdgeCounts {
  const rateRps = sums.admitted / Math.max(sums.durationSec, 1e-9);
  return {
    edge: key,
    out: sums.admitted,
    in: firstAttempts(sums),
    inFlightBound: inFlightBound(sums.inFlightStart, sums.inFlightEnd, rateRps, COUNTER_SKEW_SEC),
  };
}

/**
 * Envoy's attempts without retries, and what breaker and native limit refused.
 * Retries that a caller announces itself are checked like any call and count in
 * `retries` too: as many of them as bring both counts together are taken for such.
 */
function firstAttempts({ admitted, attempts, retries, breakerRefused, nativeRefused }: WindowSums): number {
  const most = attempts + breakerRefused + nativeRefused;
  return Math.min(most, Math.max(most - retries, admitted));
}
