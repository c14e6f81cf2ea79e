import type { EdgeKey } from '../../core/mesh/mesh-config.ts';
import type { EdgeDelta } from '../../core/substrate/edge-delta.ts';
import type { NodeReport } from '../../core/substrate/node-telemetry.ts';

/** What a node reported, by edge. */
export const reportedDeltas = (report: NodeReport | null | undefined): Map<EdgeKey, EdgeDelta> =>
  new Map(report?.edges.map(({ key, delta }) => [key, delta]));
