import { at } from '../at.ts';
import type { GateName } from '../gates/gate-state.ts';
import { spectralRadii } from '../gates/spectral-radius.ts';
import { MIN_ATTEMPTS_FOR_RETRIES } from '../gates/uv.ts';
import { callsOf } from '../substrate/edge-delta.ts';
import { WINDOW_TICKS, WINDOW_TICKS_MAX } from '../substrate/edge-window.ts';
import { attemptsAimed } from '../substrate/window-sums.ts';
import type { EdgeState } from './edge-state.ts';
import type { ServiceState } from './service-state.ts';
import { ISOLATION_TICKS } from './tenant-state.ts';

/** Attempts that a window should hold; with fewer it is made longer. */
const WINDOW_ATTEMPTS = 256;

/** The windows of all services for one tick; `edge.sums` are refreshed once and read by every gate. */
export class MeshWindows {
  readonly #services: ReadonlyMap<string, ServiceState>;
  readonly #windows = new Map<string, ServiceWindow>();
  readonly #handled = new Map<string, number>();
  #amplification: ReadonlyMap<string, number> | null = null;

  constructor(services: ReadonlyMap<string, ServiceState>) {
    this.#services = services;
  }

  /** Those of services that have all been observed. */
  static ofAll(services: ReadonlyMap<string, ServiceState>): MeshWindows {
    const windows = new MeshWindows(services);
    for (const service of services.values()) windows.refresh(service);
    return windows;
  }

  /** Looks at a service again, once it has been observed; all of them before anything is asked. */
  refresh(service: ServiceState): void {
    this.#windows.set(service.service, refreshWindow(service));
  }

  /** What reached a service over its window, calls without identity included. */
  of(service: ServiceState): ServiceWindow {
    return this.#windows.get(service.service) ?? EMPTY_WINDOW;
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
    this.#amplification ??= this.#amplifications();
    return this.#amplification.get(service) ?? 0;
  }

  #amplifications(): Map<string, number> {
    const names = [...this.#services.keys()];
    const index = new Map(names.map((name, i) => [name, i]));
    const rows = names.map(() => new Map<number, number>());
    let callee = 0;
    for (const service of this.#services.values()) {
      const { attemptsAimed, retries } = this.of(service);
      if (attemptsAimed >= MIN_ATTEMPTS_FOR_RETRIES && retries > 0) rows[callee]?.set(callee, retries / attemptsAimed);
      for (const edge of service.edges.all) {
        const caller = index.get(edge.workload);
        if (caller !== undefined) this.#addCalls(at(rows, caller), callee, service, edge);
      }
      callee++;
    }
    const radii = spectralRadii(rows);
    return new Map(names.map((name, i) => [name, at(radii, i)]));
  }

  /** @param row of the caller */
  #addCalls(row: Map<number, number>, callee: number, service: ServiceState, edge: EdgeState): void {
    const calls = callsOf(edge.sums);
    const handled = this.handled(edge.workload, this.of(service).ticks);
    if (calls === 0 || handled < MIN_ATTEMPTS_FOR_RETRIES) return;
    row.set(callee, (row.get(callee) ?? 0) + calls / handled);
  }
}

export interface ServiceWindow {
  readonly ticks: number;
  readonly durationSec: number;
  readonly attempts: number;
  /** Those that were refused too. */
  readonly attemptsAimed: number;
  readonly retries: number;
  /** Mean calls in flight. */
  readonly inFlight: number;
}

/** What a gate of a service looks back on, ms: isolation on its own series, the others on the window. */
export function gateWindowMs(gate: GateName, service: ServiceState, window: ServiceWindow): number {
  const series = Math.min(service.tenantTicks, ISOLATION_TICKS) * (service.newest?.durationSec ?? 0);
  return Math.round(1000 * (gate === 'isolation' ? series : window.durationSec));
}

/** Attempts per second over a window. */
export const rateOf = ({ attempts, durationSec }: ServiceWindow): number =>
  durationSec > 0 ? attempts / durationSec : 0;

const EMPTY_WINDOW: ServiceWindow = {
  ticks: 0,
  durationSec: 0,
  attempts: 0,
  attemptsAimed: 0,
  retries: 0,
  inFlight: 0,
};

/** W doubled while it holds too little, up to the maximum; nearly always the first one holds enough. */
function refreshWindow(service: ServiceState): ServiceWindow {
  const mass = Math.max(WINDOW_ATTEMPTS, service.answersNeeded);
  let window = sumsOver(service, WINDOW_TICKS);
  while (window.ticks < WINDOW_TICKS_MAX && window.attempts < mass) {
    window = sumsOver(service, Math.min(2 * window.ticks, WINDOW_TICKS_MAX));
  }
  return window;
}

function sumsOver(service: ServiceState, ticks: number): ServiceWindow {
  const total = { ticks, durationSec: 0, attempts: 0, attemptsAimed: 0, retries: 0, inFlight: 0 };
  for (const edge of service.edges.all) {
    edge.window.sumInto(edge.sums, ticks);
    total.attempts += edge.sums.attempts;
    total.attemptsAimed += attemptsAimed(edge.sums);
    total.retries += edge.sums.retries;
    total.inFlight += edge.sums.inFlightMean;
    total.durationSec = Math.max(total.durationSec, edge.sums.durationSec);
  }
  return total;
}

function attemptsOver(service: ServiceState, ticks: number): number {
  let attempts = 0;
  for (const edge of service.edges.all) attempts += edge.window.attempts(ticks);
  return attempts;
}
