import type { TokenShare } from '../admission/check-call.ts';
import type { EdgeRecord } from '../admission/edge-record.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

/** An edge at one node: the sidecar's record with the caller's token, and Envoy's cluster. */
export interface NodeEdge {
  readonly record: EdgeRecord;
  readonly share: TokenShare;
  readonly cluster: SimulatedCluster;
}
