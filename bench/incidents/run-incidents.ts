import { setTimeout as delay } from 'node:timers/promises';
import { CONGESTION_LIMIT } from '../../core/gates/fit.ts';
import type { AdminApi } from '../../demo/admin-api.ts';
import { TrafficSource } from '../../demo/traffic/traffic-source.ts';
import type { Clock } from '../../platform/clock.ts';
import { followReactions } from './follow-reactions.ts';
import { Incident, isUnexpected } from './incident.ts';
import { type OverloadPlan, planOnsets, planPhases } from './overload-plan.ts';

/** Answers, and what is done, belong to an incident until so long after its load fell. */
const AFTERMATH_MS = 1_000;
/** So long before the onset its service's promise is asked for. */
const LEAD_MS = 500;
const IN_FLIGHT_MAX = 2_048;
const TIMEOUT_MS = 3_000;

export interface IncidentRun {
  readonly incidents: readonly Incident[];
  readonly answers: number;
  readonly unexpected: Readonly<Record<string, number>>;
}

export interface IncidentTarget {
  readonly meshPort: number;
  readonly admin: AdminApi;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Offers all services their load and enters into each incident what became of it. */
export async function runIncidents(target: IncidentTarget, plan: OverloadPlan): Promise<IncidentRun> {
  const { meshPort, admin, headers, clock } = target;
  const onsets = planOnsets(plan);
  const startMs = clock.wallMs();
  const incidents = onsets.map(({ service, atSeconds }) => {
    const onsetMs = startMs + 1000 * atSeconds;
    return new Incident(service, onsetMs, onsetMs + 1000 * plan.overloadSeconds);
  });
  const incidentAt = (service: string, atMs: number): Incident | undefined =>
    incidents.find((each) => each.service === service && atMs >= each.onsetMs && atMs < each.endMs + AFTERMATH_MS);
  const unexpected: Record<string, number> = {};
  let answers = 0;
  const stopFollowing = followReactions(admin, clock, incidentAt);
  const promises = keepPromises(incidents, admin, clock);
  const sources = plan.services.map(
    (service, i) =>
      new TrafficSource({
        host: '127.0.0.1',
        ports: [meshPort],
        authority: service,
        headers,
        arrivals: 'poisson',
        seed: i + 1,
        phases: planPhases(service, onsets, plan),
        inFlightMax: IN_FLIGHT_MAX,
        timeoutMs: TIMEOUT_MS,
        clock,
        onAnswer: (answer, latencyMs) => {
          answers += 1;
          const atMs = clock.wallMs();
          incidentAt(service, atMs)?.answered(answer, latencyMs, atMs);
          if (!isUnexpected(answer)) return;
          const what = answer.kind === 'failed' ? answer.cause : (answer.denied ?? String(answer.status));
          unexpected[what] = (unexpected[what] ?? 0) + 1;
        },
      }),
  );
  const reports = await Promise.all(sources.map((source) => source.run()));
  const unsent = reports.flat().reduce((sum, { overflow }) => sum + overflow, 0);
  if (unsent > 0) unexpected.unsent = unsent;
  await promises;
  stopFollowing();
  return { incidents, answers, unexpected };
}

/** Before each onset: what the service promises, by its base latency then. */
async function keepPromises(incidents: readonly Incident[], admin: AdminApi, clock: Clock): Promise<void> {
  for (const incident of incidents) {
    await delay(Math.max(0, incident.onsetMs - LEAD_MS - clock.wallMs()));
    const { services } = await admin.status();
    const baselineMs = services.find(({ service }) => service === incident.service)?.baselineLatencyMs ?? 0;
    if (baselineMs > 0) incident.promiseMs = CONGESTION_LIMIT * baselineMs;
  }
}
