import { CountedEdge } from '../../core/substrate/counted-edge.ts';
import { type EdgeDelta, emptyDelta } from '../../core/substrate/edge-delta.ts';
import type { EdgeCounters } from '../../core/substrate/telemetry-frame.ts';

/** What happened on an edge between two of its counters; `null` where that cannot be said. */
export function differenceEdge(before: EdgeCounters | undefined, now: EdgeCounters): EdgeDelta | null {
  const edge = new CountedEdge(now.workload, now.service);
  if (before !== undefined) edge.adopt(before);
  const delta = emptyDelta();
  return edge.advance(now, delta) ? delta : null;
}
