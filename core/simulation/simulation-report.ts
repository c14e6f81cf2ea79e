import { GATES, type GateName } from '../gates/gate-state.ts';
import type { GateReport } from './gate-story.ts';
import { LogHistogram } from './log-histogram.ts';
import type { MeshWatch } from './mesh-watch.ts';

/** What a simulated mesh did since the watch began. */
export interface SimulationReport {
  /** Simulated seconds that it is about. */
  readonly seconds: number;
  /** Calls from outside; each counts once, with all of its attempts. */
  readonly calls: {
    readonly offered: number;
    readonly good: number;
    /** Given up after an error. */
    readonly failed: number;
    /** Given up after a time-out. */
    readonly timeouts: number;
    /** Given up after a refusal by Capmesh. */
    readonly refused: number;
    /** Not begun, as the simulation had too many under way. */
    readonly dropped: number;
  };
  /** Good ends of calls from outside, per second. */
  readonly goodputRps: number;
  /** Share of the calls from outside that were given up after a refusal, 0 … 1; 0 without calls. */
  readonly refusedRatio: number;
  /** From the first attempt to a good end, ms; `null` without one. */
  readonly latencyP50Ms: number | null;
  readonly latencyP99Ms: number | null;
  readonly gates: Readonly<Record<GateName, GateReport>>;
  /** There were ticks, and no gate of any service was FAIL in any of them. UNKNOWN does not count against it: see `unknownTicks`. */
  readonly allOpen: boolean;
  readonly services: readonly ServiceReport[];
}

/** What the callers of one service got, attempt by attempt, calls of other services included. */
export interface ServiceReport {
  readonly service: string;
  /** First attempts. */
  readonly offered: number;
  readonly retries: number;
  readonly good: number;
  /** Answered with an error, or no connection. */
  readonly failed: number;
  readonly timeouts: number;
  readonly refused: number;
  /** Of the answers, ms; `null` without one. */
  readonly latencyP50Ms: number | null;
  readonly latencyP99Ms: number | null;
}

/** Sums up what was watched over `seconds` of simulated time; counts are whole calls, latencies ms. */
export function simulationReport(watch: MeshWatch, services: Iterable<string>, seconds: number): SimulationReport {
  const { offered, good, failed, timeouts, refused, dropped, latenciesMs } = watch.totals;
  const gates = {
    fit: watch.gates.fit.report(),
    gluing: watch.gates.gluing.report(),
    uv: watch.gates.uv.report(),
    isolation: watch.gates.isolation.report(),
  };
  return {
    seconds,
    calls: { offered, good, failed, timeouts, refused, dropped },
    goodputRps: seconds > 0 ? good / seconds : 0,
    refusedRatio: offered > 0 ? refused / offered : 0,
    latencyP50Ms: quantileMs(latenciesMs, 0.5),
    latencyP99Ms: quantileMs(latenciesMs, 0.99),
    gates,
    allOpen: GATES.every((gate) => gates[gate].ticks > 0 && gates[gate].failedTicks === 0),
    services: [...services].map((service) => serviceReport(watch, service)),
  };
}

function serviceReport(watch: MeshWatch, service: string): ServiceReport {
  const edges = [...watch.edges()].filter((edge) => edge.service === service);
  const sum = (count: (edge: (typeof edges)[number]) => number): number =>
    edges.reduce((total, edge) => total + count(edge), 0);
  const latenciesMs = new LogHistogram();
  for (const edge of edges) latenciesMs.addAll(edge.latenciesMs);
  return {
    service,
    offered: sum(({ offered }) => offered),
    retries: sum(({ retries }) => retries),
    good: sum(({ good }) => good),
    failed: sum(({ answered, good, unreachable }) => answered - good + unreachable),
    timeouts: sum(({ timeouts }) => timeouts),
    refused: sum(({ refusedTotal }) => refusedTotal),
    latencyP50Ms: quantileMs(latenciesMs, 0.5),
    latencyP99Ms: quantileMs(latenciesMs, 0.99),
  };
}

const quantileMs = (latenciesMs: LogHistogram, share: number): number | null =>
  latenciesMs.count > 0 ? latenciesMs.quantile(share) : null;
