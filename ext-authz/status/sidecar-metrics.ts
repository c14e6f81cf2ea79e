import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { OverAdmission } from '../../core/admission/edge-ledger.ts';
import type { LoadCounts } from '../../core/admission/load-limit.ts';
import type { OperationEnds } from '../../core/admission/open-operations.ts';

/** What the metrics are read from, at every scrape. */
export interface MetricsSource {
  readonly answers: ReadonlyMap<string, number>;
  readonly uncounted: number;
  readonly tokens: number;
  readonly framesSent: number;
  readonly framesDropped: number;
  readonly sinkMessages: number;
  readonly leaseAgeSeconds: number;
  readonly leaseSeq: number;
  readonly checkConnections: number;
  readonly load: LoadCounts;
  readonly operations: OperationEnds;
  readonly overAdmissionMax: () => OverAdmission;
}

export interface SidecarMetrics {
  readonly registry: Registry;
  readonly observeCheck: (seconds: number) => void;
}

const DURATION_BOUNDS_SECONDS = [5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2];

/** What is one number, and how it is read. */
const NUMBERS: readonly [
  name: string,
  help: string,
  kind: 'counter' | 'gauge',
  value: (from: MetricsSource) => number,
][] = [
  ['capmesh_checks_uncounted_total', 'Checks that fell on no counted edge', 'counter', (from) => from.uncounted],
  ['capmesh_verified_tokens', 'Verified tokens that are kept', 'gauge', (from) => from.tokens],
  ['capmesh_frames_sent_total', 'Telemetry frames sent', 'counter', (from) => from.framesSent],
  ['capmesh_frames_dropped_total', 'Telemetry frames that could not be sent', 'counter', (from) => from.framesDropped],
  ['capmesh_sink_messages_total', 'Messages of the stats sink', 'counter', (from) => from.sinkMessages],
  [
    'capmesh_lease_age_seconds',
    'Time since the last word of the control plane',
    'gauge',
    (from) => from.leaseAgeSeconds,
  ],
  ['capmesh_lease_seq', 'Sequence number of the lease in force', 'gauge', (from) => from.leaseSeq],
  ['capmesh_load_open', 'Calls in flight that have reserved load', 'gauge', (from) => from.load.open],
  [
    'capmesh_load_over_admission_max_cpu_ms',
    'CPU-ms by which calls in flight may exceed what they reserved, at most',
    'gauge',
    (from) => from.overAdmissionMax().cpu,
  ],
  [
    'capmesh_load_over_admission_max_memory_mib',
    'MiB by which calls in flight may exceed what they reserved, at most',
    'gauge',
    (from) => from.overAdmissionMax().memoryMb,
  ],
  [
    'capmesh_load_over_admission_max_operations',
    'Operations beside the calls that Envoy holds to the same breakers, at most',
    'gauge',
    (from) => from.overAdmissionMax().operations,
  ],
  [
    'capmesh_operations_open',
    'Operations that were allowed without an Envoy and are not over',
    'gauge',
    (from) => from.operations.open,
  ],
  ['capmesh_check_connections', 'Open connections of the check server', 'gauge', (from) => from.checkConnections],
];

/** Prometheus metrics of a sidecar. Counts are read when scraped, so that a check pays for one histogram only. */
export function createSidecarMetrics(read: () => MetricsSource): SidecarMetrics {
  const registry = new Registry();
  const registers = [registry];
  new Counter({
    name: 'capmesh_checks_total',
    help: 'Answers to checks of calls and operations by reason; ok = admitted',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of read().answers) this.inc({ reason }, count);
    },
  });
  addLoadEnds(read, registers);
  addOperationEnds(read, registers);
  for (const [name, help, kind, value] of NUMBERS) {
    if (kind === 'gauge')
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value(read()));
        },
      });
    else
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(value(read()));
        },
      });
  }
  const duration = new Histogram({
    name: 'capmesh_check_duration_seconds',
    help: 'Time that a decision takes, without the network',
    buckets: DURATION_BOUNDS_SECONDS,
    registers,
  });
  return { registry, observeCheck: (seconds) => duration.observe(seconds) };
}

function addLoadEnds(read: () => MetricsSource, registers: Registry[]): void {
  new Counter({
    name: 'capmesh_load_ended_total',
    help: 'Ends of calls that had reserved load: settled by their cost, as estimated, freed at their time-out, or not known',
    labelNames: ['how'],
    registers,
    collect() {
      this.reset();
      const { settled, asEstimated, timedOut, unknown } = read().load;
      for (const [how, count] of Object.entries({ settled, asEstimated, timedOut, unknown })) this.inc({ how }, count);
    },
  });
}

function addOperationEnds(read: () => MetricsSource, registers: Registry[]): void {
  new Counter({
    name: 'capmesh_operations_ended_total',
    help: 'Ends of operations: settled, timed out without one, or not known',
    labelNames: ['how'],
    registers,
    collect() {
      this.reset();
      const { settled, timedOut, unknown } = read().operations;
      for (const [how, count] of Object.entries({ settled, timedOut, unknown })) this.inc({ how }, count);
    },
  });
}
