import { edgesByService } from '../../core/allocators/plan-capacity.ts';
import { edgeKey, type MeshConfig } from '../../core/mesh/mesh-config.ts';
import { DEFAULT_GATES, DEFAULT_POLICY } from '../../core/mesh/mesh-defaults.ts';
import { answeredBuckets, LATENCY_BUCKET_COUNT, LATENCY_MIDPOINTS_MS } from '../../core/substrate/latency-buckets.ts';
import type { EdgeCounters, TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';

/** Bucket of about 20 ms. */
const MIDDLE = 17;

/** Services that are called by the same workloads, each a tenant of its own. */
export function wideMesh(services: number, workloads: number): MeshConfig {
  const serviceNames = Array.from({ length: services }, (_, i) => `service-${i}`);
  const workloadNames = Array.from({ length: workloads }, (_, i) => `workload-${i}`);
  return {
    mesh: 'bench',
    services: new Map(
      serviceNames.map((name) => [
        name,
        {
          name,
          endpoints: ['127.0.0.1:9101'],
          capacity: { rps: 1000, concurrency: 100, cpuMsPerSec: null, memoryMiB: null },
          anonymous: null,
          authorizerDown: 'degrade',
          timeoutMs: 1000,
          ejectFailing: false,
        },
      ]),
    ),
    workloads: new Map(workloadNames.map((name) => [name, { name, tenant: name, prio: 5, weight: 1 }])),
    budgets: new Map(
      workloadNames.flatMap((workload) =>
        serviceNames.map((service) => [
          edgeKey(workload, service),
          { workload, service, vector: { geo: null, int: 0.2, gauge: null, ptr: 0.2, obs: null } },
        ]),
      ),
    ),
    gates: DEFAULT_GATES,
    policy: DEFAULT_POLICY,
  };
}

/** Cumulative counters of every edge of a mesh under steady calls with some noise. */
export class OfferedMesh {
  readonly #random: () => number;
  readonly #edges: readonly OfferedEdge[];
  #seq = 0;

  constructor(config: MeshConfig, random: () => number) {
    this.#random = random;
    // A sidecar tells of the edges of one service after the other.
    const budgets = [...edgesByService({ config }).values()].flat().map(({ budget }) => budget);
    this.#edges = budgets.map(({ workload, service }) => ({
      workload,
      service,
      latencyBuckets: new Float64Array(LATENCY_BUCKET_COUNT),
      calls: 0,
      latencySumMs: 0,
    }));
  }

  /** The next second, about 60 calls per edge, told as a sidecar tells it. Like a frame off the wire it belongs to nobody else. */
  nextFrame(leaseSeq: number): TelemetryFrame {
    this.#seq++;
    return {
      mesh: 'bench',
      node: 'node-1',
      instance: 'first',
      seq: this.#seq,
      startMs: 1000 * (this.#seq - 1),
      endMs: 1000 * this.#seq,
      durationMs: 1000,
      edges: this.#edges.map((edge) => this.#second(edge)),
      leaseSeq,
      part: 0,
      parts: 1,
    };
  }

  #second(edge: OfferedEdge): EdgeCounters {
    const { workload, service, latencyBuckets } = edge;
    for (let k = MIDDLE - 3; k <= MIDDLE + 3; k++) {
      const answers = 5 + Math.floor(7 * this.#random());
      latencyBuckets[k] = (latencyBuckets[k] ?? 0) + answers;
      edge.latencySumMs += answers * (LATENCY_MIDPOINTS_MS[k] ?? 0);
      edge.calls += answers;
    }
    return {
      workload,
      service,
      offered: edge.calls,
      admitted: edge.calls,
      refused: {},
      admittedLevelMax: 3,
      attempts: edge.calls,
      retries: 0,
      failures: 0,
      timeouts: 0,
      breakerRefused: 0,
      nativeRefused: 0,
      inFlight: 1,
      latencyBuckets: answeredBuckets(latencyBuckets),
      latencySumMs: edge.latencySumMs,
    };
  }
}

interface OfferedEdge {
  readonly workload: string;
  readonly service: string;
  readonly latencyBuckets: Float64Array;
  calls: number;
  latencySumMs: number;
}
