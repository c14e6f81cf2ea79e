import { type CapacityVector, UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import type { BudgetConfig, MeshConfig, ServiceCapacity, WorkloadConfig } from '../../core/mesh/mesh-config.ts';
import { edgeKey } from '../../core/mesh/mesh-config.ts';
import { emptyDelta } from '../../core/substrate/edge-delta.ts';
import { LATENCY_BUCKET_COUNT } from '../../core/substrate/latency-buckets.ts';
import type { EdgeCounters, TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';

const NO_CAPACITY: ServiceCapacity = { rps: null, concurrency: null, cpuMsPerSec: null, memoryMiB: null };

interface MeshSketch {
  readonly services: Readonly<Record<string, Partial<ServiceCapacity>>>;
  readonly workloads: Readonly<Record<string, Partial<WorkloadConfig>>>;
  /** By workload, then service. */
  readonly budgets: Readonly<Record<string, Readonly<Record<string, Partial<CapacityVector>>>>>;
}

/** A checked configuration from the few things that a test cares about. */
export function meshConfig(sketch: MeshSketch): MeshConfig {
  const budgets = Object.entries(sketch.budgets).flatMap(([workload, lines]) =>
    Object.entries(lines).map(
      ([service, vector]): BudgetConfig => ({
        workload,
        service,
        vector: { ...UNLIMITED, ...vector },
      }),
    ),
  );
  return {
    mesh: 'shop',
    services: new Map(
      Object.entries(sketch.services).map(([name, capacity]) => [
        name,
        {
          name,
          endpoints: ['127.0.0.1:9101'],
          capacity: { ...NO_CAPACITY, ...capacity },
          anonymous: null,
          authorizerDown: 'degrade',
          timeoutMs: 1000,
          ejectFailing: false,
        },
      ]),
    ),
    workloads: new Map(
      Object.entries(sketch.workloads).map(([name, workload]) => [
        name,
        { name, tenant: name, prio: 5, weight: 1, ...workload },
      ]),
    ),
    budgets: new Map(budgets.map((budget) => [edgeKey(budget.workload, budget.service), budget])),
    gates: { fitThreshold: 0.25, gluingK: 3, uvLambda1Hz: 1 / 30, uvLambdaMaxHz: null, isolationEps: 0.15 },
    policy: { maxShedRatio: 1, shadow: [], fence: false },
  };
}

/** The worked example of CONTRACT §I. */
export const SHOP: MeshConfig = meshConfig({
  services: { payment: { rps: 400, concurrency: 24 }, inventory: { rps: 1000 } },
  workloads: { checkout: { tenant: 'shop', prio: 7, weight: 2 }, batch: { tenant: 'reports', prio: 2 } },
  budgets: {
    checkout: { payment: { int: 0.8, ptr: 0.75, gauge: 0.5 }, inventory: { int: 0.3 } },
    batch: { payment: { int: 0.5, ptr: 0.5 }, inventory: { int: 0.2 } },
  },
});

export function counters(
  workload: string,
  service: string,
  counts: Partial<Omit<EdgeCounters, 'workload' | 'service'>> = {},
): EdgeCounters {
  const latencyBuckets = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  return { workload, service, ...emptyDelta(), latencyBuckets, ...counts };
}

/** Frame `seq` of a node that sends one a second. */
export function frame(seq: number, edges: readonly EdgeCounters[], rest: Partial<TelemetryFrame> = {}): TelemetryFrame {
  return {
    mesh: 'shop',
    node: 'node-1',
    instance: 'first',
    seq,
    startMs: 1_800_000_000_000 + 1000 * (seq - 1),
    endMs: 1_800_000_000_000 + 1000 * seq,
    durationMs: 1000,
    edges,
    leaseSeq: 0,
    part: 0,
    parts: 1,
    ...rest,
  };
}

/** Bucket that counts a latency. */
export function bucketOf(latencyMs: number): number {
  const bucket = latencyMs <= 1 ? 0 : Math.ceil(Math.log(latencyMs) / Math.log(1.2) - 1e-9);
  return Math.min(bucket, LATENCY_BUCKET_COUNT - 1);
}
