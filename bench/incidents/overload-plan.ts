import type { Phase } from '../../demo/traffic/traffic-source.ts';

export interface OverloadPlan {
  readonly incidents: number;
  /** Taken in turn, so that each is calm for some time before its next overload. */
  readonly services: readonly string[];
  readonly warmupSeconds: number;
  readonly overloadSeconds: number;
  /** From one incident to the next; longer than an overload and the jitter. */
  readonly periodSeconds: number;
  readonly calmRps: number;
  readonly overloadRps: number;
  /** Moves each onset by up to a second, so that it meets Envoy's flush at any point. Uniform in [0, 1). */
  readonly random: () => number;
}

export interface Onset {
  readonly service: string;
  /** Seconds after the start of the traffic. */
  readonly atSeconds: number;
}

export function planOnsets({ incidents, services, warmupSeconds, periodSeconds, random }: OverloadPlan): Onset[] {
  return Array.from({ length: incidents }, (_, i) => ({
    service: services[i % services.length] ?? '',
    atSeconds: warmupSeconds + i * periodSeconds + random(),
  }));
}

/** What one service is offered: calm, with its overloads in it. All services end at the same time. */
export function planPhases(service: string, onsets: readonly Onset[], plan: OverloadPlan): Phase[] {
  const phases: Phase[] = [];
  let atSeconds = 0;
  const calmUntil = (seconds: number): void => {
    phases.push({ name: 'calm', seconds: seconds - atSeconds, rateRps: plan.calmRps });
    atSeconds = seconds;
  };
  for (const onset of onsets.filter((each) => each.service === service)) {
    calmUntil(onset.atSeconds);
    phases.push({ name: 'overload', seconds: plan.overloadSeconds, rateRps: plan.overloadRps });
    atSeconds += plan.overloadSeconds;
  }
  calmUntil(plan.warmupSeconds + plan.incidents * plan.periodSeconds + 1);
  return phases;
}
