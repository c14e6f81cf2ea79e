import { spectralRadii } from '../gates/spectral-radius.ts';
import { MIN_ATTEMPTS_FOR_RETRIES } from '../gates/uv.ts';
import { type WindowSums, windowTicks } from '../substrate/edge-window.ts';
import { callsOf, type EdgeState } from './edge-state.ts';
import type { ServiceState } from './service-state.ts';

/** Attempts that a window should hold; with fewer it is made longer. */
const WINDOW_ATTEMPTS = 256;

/** Sums over the windows of all services for one tick, each computed once. */
export class MeshWindows {
  readonly #services: ReadonlyMap<string, ServiceState>;
  readonly #ticks = new Map<string, number>();
  readonly #sums = new Map<EdgeState, WindowSums>();
  readonly #totals = new Map<string, WindowTotal>();
  readonly #handled = new Map<string, number>();
  readonly #amplification: ReadonlyMap<string, number>;

  constructor(services: ReadonlyMap<string, ServiceState>) {
    this.#services = services;
    for (const service of services.values()) {
      this.#ticks.set(
        service.service,
        windowTicks(WINDOW_ATTEMPTS, (ticks) => attemptsOver(service, ticks)),
      );
    }
    this.#amplification = this.#amplifications();
  }

  /** Length of a service's window, ticks. */
  ticks(service: ServiceState): number {
    return this.#ticks.get(service.service) ?? 0;
  }

  /** Sums of an edge over the window of its service. */
  sumsOf(edge: EdgeState): WindowSums {
    const known = this.#sums.get(edge);
    if (known) return known;
    const sums = edge.window.sums(this.#ticks.get(edge.service) ?? 0);
    this.#sums.set(edge, sums);
    return sums;
  }

  /** Attempts that reached a service over its window, calls without identity included. */
  total(service: ServiceState): WindowTotal {
    const known = this.#totals.get(service.service);
    if (known) return known;
    const total = { attempts: 0, retries: 0, durationSec: 0 };
    for (const edge of service.edges.values()) {
      const { attempts, retries, durationSec } = this.sumsOf(edge);
      total.attempts += attempts;
      total.retries += retries;
      total.durationSec = Math.max(total.durationSec, durationSec);
    }
    this.#totals.set(service.service, total);
    return total;
  }

  /** x_i: requests that a service handled over the newest `ticks`. */
  handled(name: string, ticks: number): number {
    const service = this.#services.get(name);
    if (!service) return 0;
    const key = `${name}/${ticks}`;
    const known = this.#handled.get(key);
    if (known !== undefined) return known;
    const handled = attemptsOver(service, ticks);
    this.#handled.set(key, handled);
    return handled;
  }

  /** ρ of the part of K + diag(r) that a service is in (MATHS §B3). */
  amplification(service: string): number {
    return this.#amplification.get(service) ?? 0;
  }

  #amplifications(): Map<string, number> {
    const names = [...this.#services.keys()];
    const index = new Map(names.map((name, i) => [name, i]));
    const rows = names.map(() => new Map<number, number>());
    for (const [name, service] of this.#services) {
      const callee = index.get(name) ?? 0;
      const { attempts, retries } = this.total(service);
      if (attempts >= MIN_ATTEMPTS_FOR_RETRIES && retries > 0) rows[callee]?.set(callee, retries / attempts);
      for (const edge of service.edges.values()) this.#addCalls(rows, index, service, edge);
    }
    const radii = spectralRadii(rows);
    return new Map(names.map((name, i) => [name, radii[i] ?? 0]));
  }

  #addCalls(
    rows: Map<number, number>[],
    index: ReadonlyMap<string, number>,
    service: ServiceState,
    edge: EdgeState,
  ): void {
    const caller = index.get(edge.workload);
    const callee = index.get(edge.service);
    if (caller === undefined || callee === undefined) return;
    const calls = callsOf(this.sumsOf(edge));
    const handled = this.handled(edge.workload, this.ticks(service));
    if (calls === 0 || handled < MIN_ATTEMPTS_FOR_RETRIES) return;
    rows[caller]?.set(callee, (rows[caller]?.get(callee) ?? 0) + calls / handled);
  }
}

export interface WindowTotal {
  readonly attempts: number;
  readonly retries: number;
  readonly durationSec: number;
}

function attemptsOver(service: ServiceState, ticks: number): number {
  let attempts = 0;
  for (const edge of service.edges.values()) attempts += edge.window.attempts(ticks);
  return attempts;
}
