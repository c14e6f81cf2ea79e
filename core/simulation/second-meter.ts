import type { GateState } from '../gates/gate-state.ts';
import type { ServiceView } from '../kernel/mesh-view.ts';
import type { CallTotals } from './call-totals.ts';
import type { EdgeStory } from './edge-story.ts';
import { LogHistogram } from './log-histogram.ts';
import type { TimedAction } from './timed-action.ts';

/** What happened in one second of a simulated mesh. */
export interface SimulatedSecond {
  /** When it ended. */
  readonly sec: number;
  /** Calls from outside that ended well in it, with all of their attempts. */
  readonly good: number;
  readonly services: readonly ServiceSecond[];
  /** What the kernel told of actions in it. */
  readonly actions: readonly TimedAction[];
}

/** One service in it; attempts, calls of other services included. */
export interface ServiceSecond {
  readonly service: string;
  /** First attempts. */
  readonly offered: number;
  readonly retries: number;
  readonly good: number;
  /** Answered with an error, or no connection. */
  readonly failed: number;
  readonly timeouts: number;
  readonly refused: number;
  /** Of the answers, ms; NaN without one. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly gates: GateState;
  /** Calls in flight that the kernel would have the service hold. */
  readonly concurrencyLimit: number;
  readonly controllerMode: 'open' | 'trim';
}

type Counts = readonly [
  offered: number,
  retries: number,
  good: number,
  failed: number,
  timeouts: number,
  refused: number,
];

const NOTHING: Counts = [0, 0, 0, 0, 0, 0];

/** Differences what is counted on each edge from second to second. */
export class SecondMeter {
  readonly #edges = new Map<string, EdgeStory[]>();
  readonly #before = new Map<EdgeStory, Counts>();
  #goodBefore = 0;
  #actionsBefore = 0;

  follow(edge: EdgeStory): void {
    edge.newestMs = new LogHistogram();
    const edges = this.#edges.get(edge.service);
    if (edges) edges.push(edge);
    else this.#edges.set(edge.service, [edge]);
  }

  /** What was counted begins at 0 again. */
  restart(): void {
    this.#before.clear();
    this.#goodBefore = 0;
  }

  /** Ends a second. */
  second(
    sec: number,
    { good }: CallTotals,
    views: readonly ServiceView[],
    actions: readonly TimedAction[],
  ): SimulatedSecond {
    const before = { good: this.#goodBefore, actions: this.#actionsBefore };
    this.#goodBefore = good;
    this.#actionsBefore = actions.length;
    return {
      sec,
      good: good - before.good,
      services: views.map((view) => this.#service(view)),
      actions: actions.slice(before.actions),
    };
  }

  #service({ service, gates, concurrencyLimit, controllerMode }: ServiceView): ServiceSecond {
    const sums = [...NOTHING] as [number, number, number, number, number, number];
    const latenciesMs = new LogHistogram();
    for (const edge of this.#edges.get(service) ?? []) {
      const before = this.#before.get(edge) ?? NOTHING;
      const now = countsOf(edge);
      now.forEach((count, i) => {
        sums[i] = (sums[i] ?? 0) + count - (before[i] ?? 0);
      });
      this.#before.set(edge, now);
      if (edge.newestMs === null) continue;
      latenciesMs.addAll(edge.newestMs);
      edge.newestMs.clear();
    }
    const [offered, retries, good, failed, timeouts, refused] = sums;
    return {
      service,
      offered,
      retries,
      good,
      failed,
      timeouts,
      refused,
      latencyP50Ms: latenciesMs.quantile(0.5),
      latencyP99Ms: latenciesMs.quantile(0.99),
      gates,
      concurrencyLimit,
      controllerMode,
    };
  }
}

const countsOf = (edge: EdgeStory): Counts => [
  edge.offered,
  edge.retries,
  edge.good,
  edge.answered - edge.good + edge.unreachable,
  edge.timeouts,
  edge.refusedTotal,
];
