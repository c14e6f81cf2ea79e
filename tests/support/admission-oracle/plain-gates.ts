import type { PoolScene } from '../../../core/admission/admission-scene.ts';
import type { GateForecast } from '../../../core/admission/gate-forecast.ts';
import { latencyGrowth } from '../../../core/admission/latency-growth.ts';
import { largerOf } from '../../../core/capacity/live-capacity.ts';
import { CONGESTION_LIMIT, fitThreshold } from '../../../core/gates/fit.ts';
import type { GateName, GateVerdict } from '../../../core/gates/gate-state.ts';
import { isolationThreshold } from '../../../core/gates/isolation.ts';
import { LEVEL_LIMIT } from '../../../core/gates/isolation-level.ts';
import { retryRatio } from '../../../core/gates/uv.ts';
import type { PlainEdge } from './plain-loads.ts';

/** A service after a change. */
interface PlainPoolChange {
  readonly loadRps: number;
  /** K; `null` = unknown. */
  readonly capacityRps: number | null;
  /** Largest live C_geo and C_int. */
  readonly geo: number | null;
  readonly int: number | null;
  readonly edges: readonly PlainEdge[];
}

/** `forecastGates` as it is defined: over all edges of the service. */
export function plainGates(pool: PoolScene, then: PlainPoolChange): GateForecast[] {
  const growth = latencyGrowth(pool, then.loadRps, then.capacityRps);
  const isOpen = then.edges.some((edge) => edge.isOpen);
  const unknown = isOpen ? 'no-limit' : growth.isLowerBound ? 'no-capacity' : '';
  const scale = { pool, then, growth: growth.factor };
  return [
    forecast(pool, 'fit', unknown, (now) => ({ ratio: fitRatio(now, scale), worst: now.worst })),
    forecast(pool, 'gluing', '', (now) => ({ ratio: gluingRatio(now, scale), worst: now.worst })),
    forecast(pool, 'uv', isOpen ? unknown : '', (now) => uvRatio(now, pool, then.edges)),
    forecast(pool, 'isolation', unknown, (now) => ({ ratio: isolationRatio(now, scale), worst: now.worst })),
  ];
}

interface Scale {
  readonly pool: PoolScene;
  readonly then: PlainPoolChange;
  readonly growth: number;
}

function forecast(
  { service, gates }: PoolScene,
  gate: GateName,
  unknown: string,
  predict: (now: GateVerdict & { readonly ratio: number }) => { readonly ratio: number; readonly worst: string },
): GateForecast {
  const now = gates[gate];
  const { status, reason, ratio, worst } = now;
  const own = { gate, service, now };
  if (status !== 'PASS') return { ...own, status, ratio, reason, worst };
  if (ratio === null) return { ...own, status: 'UNKNOWN', ratio, reason: 'held', worst };
  const then = predict({ ...now, ratio });
  if (!(then.ratio <= 1)) return { ...own, ...then, status: 'FAIL', reason: '' };
  return unknown === ''
    ? { ...own, ...then, status: 'PASS', reason: '' }
    : { ...own, ...then, status: 'UNKNOWN', reason: unknown };
}

function fitRatio({ ratio, evidence }: { ratio: number; evidence: GateVerdict['evidence'] }, scale: Scale): number {
  const { pool, then, growth } = scale;
  const tighter = fitThreshold(1, pool.live.geo) / fitThreshold(1, largerOf(pool.live.geo, then.geo));
  const drift = evidence.u_drift ?? (pool.baselineSec > 0 ? 1 / CONGESTION_LIMIT : 0);
  return Math.max(ratio * tighter, drift * growth);
}

function gluingRatio({ ratio, evidence }: { ratio: number; evidence: GateVerdict['evidence'] }, scale: Scale): number {
  const geo = scale.pool.live.geo ?? 1;
  const views = Math.max(evidence.u_distribution ?? 0, evidence.u_counter ?? 0);
  return Math.max(ratio, views * 10 ** Math.max(0, (scale.then.geo ?? geo) - geo));
}

/** The burst of an edge that gets no more calls stays below its σ, which its own bucket sees to: it is no reason to refuse others. */
function uvRatio(now: GateVerdict & { readonly ratio: number }, { live }: PoolScene, edges: readonly PlainEdge[]) {
  const isBurst = now.evidence.u_burst === now.ratio;
  let worst = isBurst ? { ratio: retryRatio(now.evidence, live.int ?? 1), worst: '' } : now;
  for (const { key, nowRps, thenRps, burstRatio } of edges) {
    if (burstRatio === null || !(nowRps > 0) || thenRps <= nowRps) continue;
    const ratio = burstRatio * Math.sqrt(thenRps / nowRps);
    if (ratio > worst.ratio) worst = { ratio, worst: key };
  }
  return { ratio: worst.ratio, worst: worst.worst };
}

function isolationRatio(now: GateVerdict & { readonly ratio: number }, { pool, then, growth }: Scale): number {
  const { evidence, worst, ratio } = now;
  const thresholdNow = isolationThreshold(pool.isolationEps, pool.live.geo, pool.live.int);
  const threshold = isolationThreshold(
    pool.isolationEps,
    largerOf(pool.live.geo, then.geo),
    largerOf(pool.live.int, then.int),
  );
  const share = Math.min(1, evidence.isolation ?? 0);
  const louder = loudness(worst, then.edges);
  const explained = share / (share + (1 - share) / louder);
  const level = (evidence.isolation_level ?? 0) + Math.log(Math.max(1, growth)) / LEVEL_LIMIT;
  return Math.max((ratio * thresholdNow) / threshold, share > 0 ? explained / threshold : 0, level);
}

/** Load of a tenant then over now, at least 1: variance of independent arrivals grows as their rate does. */
function loudness(tenant: string, edges: readonly PlainEdge[]): number {
  let [now, then] = [0, 0];
  for (const edge of edges) {
    if (edge.tenant !== tenant) continue;
    now += edge.nowRps;
    then += edge.thenRps;
  }
  return now > 0 ? Math.max(1, then / now) : 1;
}
