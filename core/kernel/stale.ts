import type { GateState } from '../gates/gate-state.ts';
import { unknown } from '../gates/verdict.ts';

/** Without data for this long what was known is stale (MATHS §B8). */
export const STALE_MS = 10_000;

/** The gates of a service of which nothing has been heard for so long. */
export const STALE_GATES: GateState = {
  fit: unknown('stale'),
  gluing: unknown('stale'),
  uv: unknown('stale'),
  isolation: unknown('stale'),
};
