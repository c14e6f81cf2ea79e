import { mergeTotals } from '../../demo/traffic/merge-totals.ts';
import { type Phase, type PhaseReport, type TrafficOptions, TrafficSource } from '../../demo/traffic/traffic-source.ts';
import { systemClock } from '../../platform/clock.ts';

export interface Offer {
  readonly envoyUrl: string;
  readonly service: string;
  readonly token?: string;
  readonly phases: readonly Phase[];
  readonly arrivals?: 'poisson' | 'even';
  readonly inFlightMax?: number;
}

/** Offers traffic through one Envoy; counts by phase. */
export async function offerTraffic(offer: Offer): Promise<Record<string, PhaseReport>> {
  return Object.fromEntries((await sourceOf(offer).run()).map((report) => [report.name, report]));
}

/** A source of the traffic; `onAnswer` hears of every answer. */
export function sourceOf(offer: Offer, onAnswer?: TrafficOptions['onAnswer']): TrafficSource {
  const { hostname, port } = new URL(offer.envoyUrl);
  const headers = offer.token === undefined ? {} : { 'x-capacity-token': offer.token };
  return new TrafficSource({
    host: hostname,
    ports: [Number(port)],
    authority: offer.service,
    headers: () => headers,
    arrivals: offer.arrivals ?? 'even',
    seed: 1,
    phases: offer.phases,
    inFlightMax: offer.inFlightMax ?? 2048,
    timeoutMs: 3_000,
    clock: systemClock,
    ...(onAnswer === undefined ? {} : { onAnswer }),
  });
}

/** What several Envoys did in the same phase. */
export function together(reports: readonly Record<string, PhaseReport>[], phase: string): PhaseReport {
  const parts = reports.flatMap((report) => report[phase] ?? []);
  return { name: phase, seconds: parts[0]?.seconds ?? 0, ...mergeTotals(parts) };
}
