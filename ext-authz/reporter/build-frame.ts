import { edgeCounters } from '../../core/admission/edge-counters.ts';
import type { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import { answeredBuckets } from '../../core/substrate/latency-buckets.ts';
import type { EnvoyEdgeCounters } from '../../core/substrate/telemetry-frame.ts';
import { EdgeCounters, Frame, type ResourceSample } from '../../proto/gen/capmesh/v1/telemetry.ts';
import type { EnvoyStats } from '../sinks/fold-metrics.ts';

/** Largest encoded part of a frame (CONTRACT §F). */
export const PART_BYTES_MAX = 256 * 1024;
/** Left for the fields of a part beside its edges. */
const HEAD_BYTES = 1024;

/**
 * Counters of every edge that was ever used here; an edge without calls is left
 * out, its counters being 0. Takes the interval's largest admitted levels with it,
 * so that each frame must be built once.
 */
export function collectEdges(ledger: EdgeLedger, stats: EnvoyStats, nowMs: number): EdgeCounters[] {
  const counters = new Map<string, EdgeCounters>();
  for (const record of ledger.records()) {
    if (record.offered > 0) counters.set(`${record.workload}/${record.service}`, edgeCounters(record, nowMs));
  }
  for (const { workload, service, edge } of stats.entries()) {
    const key = `${workload}/${service}`;
    const own = counters.get(key) ?? EdgeCounters.fromPartial({ workload, service });
    counters.set(key, withEnvoy(own, edge.snapshot()));
  }
  return [...counters.values()];
}

/** Splits a frame into parts of at most 256 KiB; the resources ride in the first. */
export function splitFrame(
  head: Omit<Frame, 'edges' | 'resources' | 'part' | 'parts'>,
  edges: readonly EdgeCounters[],
  resources: ResourceSample | undefined,
): Uint8Array[] {
  const groups: EdgeCounters[][] = [[]];
  let bytes = HEAD_BYTES;
  for (const edge of edges) {
    const size = EdgeCounters.encode(edge).finish().length + 4;
    if (bytes + size > PART_BYTES_MAX) {
      groups.push([]);
      bytes = HEAD_BYTES;
    }
    groups.at(-1)?.push(edge);
    bytes += size;
  }
  return groups.map((group, part) => {
    const frame: Frame = {
      ...head,
      edges: group,
      resources: part === 0 ? resources : undefined,
      part,
      parts: groups.length,
    };
    return Frame.encode(frame).finish();
  });
}

/** Calls and operations of one edge together. Retries are those that Envoy makes and those that callers name (CONTRACT §F). */
function withEnvoy(own: EdgeCounters, envoy: EnvoyEdgeCounters): EdgeCounters {
  return {
    ...own,
    attempts: own.attempts + envoy.attempts,
    retries: own.retries + envoy.retries,
    failures: own.failures + envoy.failures,
    timeouts: own.timeouts + envoy.timeouts,
    breakerRefused: own.breakerRefused + envoy.breakerRefused,
    nativeRefused: own.nativeRefused + envoy.nativeRefused,
    inFlight: own.inFlight + envoy.inFlight,
    latencyBuckets: answeredBuckets(
      envoy.latencyBuckets.map((count, bucket) => count + (own.latencyBuckets[bucket] ?? 0)),
    ),
    latencySumMs: own.latencySumMs + envoy.latencySumMs,
  };
}
