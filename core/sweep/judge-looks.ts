import { GATES, type GateName, type GateStatus } from '../gates/gate-state.ts';
import type { GateResult, PointResult } from './point-result.ts';

/** One gate of one service at one moment. */
export interface GateLook {
  readonly service: string;
  readonly gate: GateName;
  readonly status: GateStatus;
  /** u. */
  readonly ratio: number | null;
}

/** From the most to the least serious. */
const BY_WEIGHT: readonly GateStatus[] = ['FAIL', 'UNKNOWN', 'PASS', 'NOT_APPLICABLE'];

/**
 * Judges a mesh by how its gates looked from tick to tick, real or simulated. A
 * gate that failed for a moment has failed; u is the largest that held for two
 * ticks, since a gate fails by two (MATHS §B6).
 */
export function judgeLooks(looks: readonly (readonly GateLook[])[]): Pick<PointResult, 'gates' | 'stable'> {
  const gates = Object.fromEntries(GATES.map((gate) => [gate, judgeGate(gate, looks)])) as PointResult['gates'];
  const isOpen = ({ status }: GateResult): boolean => status === 'PASS' || status === 'NOT_APPLICABLE';
  return { gates, stable: Object.values(gates).every(isOpen) };
}

function judgeGate(gate: GateName, looks: readonly (readonly GateLook[])[]): GateResult {
  const byService = new Map<string, GateLook[]>();
  for (const each of looks.flat()) {
    if (each.gate !== gate) continue;
    byService.set(each.service, [...(byService.get(each.service) ?? []), each]);
  }
  const judged = [...byService].map(
    ([service, seen]): GateResult => ({
      status: seen.some(({ status }) => status === 'FAIL') ? 'FAIL' : (seen.at(-1)?.status ?? 'UNKNOWN'),
      u: sustained(seen.map(({ ratio }) => ratio)),
      service,
    }),
  );
  const status = BY_WEIGHT.find((one) => judged.some((result) => result.status === one)) ?? 'UNKNOWN';
  const worst = judged
    .filter((result) => result.status === status)
    .reduce<GateResult | null>((a, b) => ((b.u ?? 0) > (a?.u ?? -1) ? b : a), null);
  return { status, u: worst?.u ?? null, service: worst?.service ?? '' };
}

/** The largest value that two neighbours both reach. */
function sustained(ratios: readonly (number | null)[]): number | null {
  const pairs = ratios.slice(1).flatMap((ratio, i) => {
    const before = ratios[i] ?? null;
    return ratio === null || before === null ? [] : [Math.min(ratio, before)];
  });
  return pairs.length === 0 ? null : Math.max(...pairs);
}
