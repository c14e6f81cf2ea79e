import type { EdgeCounters } from '../substrate/telemetry-frame.ts';
import { takeLevelMax } from './arrival-meter.ts';
import type { EdgeRecord } from './edge-record.ts';
import type { OperationCounts } from './open-operations.ts';

/**
 * What a checker counted on an edge: its decisions, and of operations that pass no
 * proxy also what a proxy counts of calls. Takes the largest admitted level since
 * the last time with it.
 */
export function edgeCounters(edge: EdgeRecord, nowMs: number): EdgeCounters & { latencyBuckets: number[] } {
  const { workload, service, offered, admitted, refused, meter, guaranteeRps, retries, operations } = edge;
  const { latencyBuckets, ...counts } = operations?.counts ?? NOTHING;
  return {
    workload,
    service,
    offered,
    admitted,
    refused: Object.fromEntries(refused),
    admittedLevelMax: takeLevelMax(meter, guaranteeRps, nowMs),
    retries,
    ...counts,
    nativeRefused: 0,
    inFlight: operations?.open.size ?? 0,
    latencyBuckets: [...latencyBuckets],
  };
}

const NOTHING: OperationCounts = {
  attempts: 0,
  failures: 0,
  timeouts: 0,
  breakerRefused: 0,
  latencySumMs: 0,
  latencyBuckets: [],
};
