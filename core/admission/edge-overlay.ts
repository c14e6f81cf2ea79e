/** Actions on one edge as the control plane leased them; fields of `capmesh.v1.EdgeLease`. */
export interface LeasedOverlay {
  /** They end by themselves after this; 0 = no actions. */
  readonly overlayExpiresInMs: number;
  /** Calls of a lower priority are shed, `shedRatio` of them. */
  readonly shedBelowPrio: number;
  /** 0 … 1. */
  readonly shedRatio: number;
  /** Second and later attempts are shed. */
  readonly shedRetries: boolean;
  readonly fenced: boolean;
}

/** Actions on one edge at one sidecar, changed in place. Monotonic milliseconds. */
export interface EdgeOverlay {
  fenced: boolean;
  shedBelowPrio: number;
  shedRatio: number;
  shedRetries: boolean;
  /** Nothing here holds from this time on. */
  untilMs: number;
  /** Calls that should have been shed and were not yet, 0 … 1. */
  owed: number;
}

/** No action in force. */
export const createEdgeOverlay = (): EdgeOverlay => ({
  fenced: false,
  shedBelowPrio: 0,
  shedRatio: 0,
  shedRetries: false,
  untilMs: Number.NEGATIVE_INFINITY,
  owed: 0,
});

/** Puts the actions of a lease in force that was written at `writtenMs`. What is owed stays, so that renewing sheds nobody twice. */
export function renewOverlay(overlay: EdgeOverlay, leased: LeasedOverlay, writtenMs: number): void {
  overlay.fenced = leased.fenced;
  overlay.shedBelowPrio = leased.shedBelowPrio;
  overlay.shedRatio = leased.shedRatio;
  overlay.shedRetries = leased.shedRetries;
  overlay.untilMs = leased.overlayExpiresInMs > 0 ? writtenMs + leased.overlayExpiresInMs : Number.NEGATIVE_INFINITY;
}

/** Sums of ratios that miss a whole call by less than this shed it. */
const DUST = 1e-9;

/**
 * Whether actions keep a call away (CONTRACT §F: fence before shed). Retries are
 * shed before first attempts. A ratio is kept exactly and without chance: each
 * call adds it to what is owed, and the call that makes it whole is shed.
 *
 * @param prio 0 (first to be shed) … 9
 * @param retry the call is a second or later attempt
 */
export function overlayRefusal(
  overlay: EdgeOverlay,
  prio: number,
  retry: boolean,
  nowMs: number,
): 'workload-fenced' | 'shed-priority' | null {
  if (nowMs >= overlay.untilMs) return null;
  if (overlay.fenced) return 'workload-fenced';
  if (retry && overlay.shedRetries) return 'shed-priority';
  if (prio >= overlay.shedBelowPrio) return null;
  overlay.owed += overlay.shedRatio;
  if (overlay.owed < 1 - DUST) return null;
  overlay.owed -= 1;
  return 'shed-priority';
}
