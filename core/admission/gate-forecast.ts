import { largerOf } from '../capacity/live-capacity.ts';
import { CONGESTION_LIMIT, fitThreshold } from '../gates/fit.ts';
import type { GateName, GateStatus, GateVerdict } from '../gates/gate-state.ts';
import { isolationThreshold } from '../gates/isolation.ts';
import { LEVEL_LIMIT } from '../gates/isolation-level.ts';
import { retryRatio } from '../gates/uv.ts';
import type { PoolScene } from './admission-scene.ts';
import { latencyGrowth } from './latency-growth.ts';
import type { EdgeForecast } from './load-forecast.ts';
import type { IndexedPool } from './scene-index.ts';

/** One gate of one service, now and after a change. */
export interface GateForecast {
  readonly gate: GateName;
  readonly service: string;
  readonly now: GateVerdict;
  /** FAIL where it fails now or comes above 1; UNKNOWN where that cannot be said. */
  readonly status: GateStatus;
  /** u then, or as much of it as is known; `null` where there is no ratio. */
  readonly ratio: number | null;
  /** Why, for UNKNOWN and NOT_APPLICABLE; empty otherwise. */
  readonly reason: string;
  /** Edge or tenant that it is worst for. */
  readonly worst: string;
}

/** A service after a change. */
export interface PoolChange {
  readonly loadRps: number;
  /** K; `null` = unknown. */
  readonly capacityRps: number | null;
  /** Largest live C_geo and C_int. */
  readonly geo: number | null;
  readonly int: number | null;
  /** Those that move; all others stay as they are. */
  readonly edges: readonly EdgeForecast[];
  /** How much load comes to some of them cannot be said. */
  readonly isOpen: boolean;
}

/**
 * The ratios of all four gates of a service after a change (MATHS §B7), each by
 * what moves it; thresholds follow C. No ratio falls while loads and levels grow.
 *
 * - fit: rate, latency and error parts are ratios that the model allows for load;
 *   they change with ε_fit(C_geo) alone. Congestion x·R/R0 over 3 grows as latency
 *   does: max(u·ε/ε', u_drift·G).
 * - gluing: N_geo(C_geo) lets a difference be told with 10^Δ C_geo times the power.
 * - UV: admitted arrivals of more independent calls stray with the root of their
 *   rate: u_burst·√(ρ'/ρ) of the edges that get more calls, for each is bounded by
 *   its own bucket. Shares of retries and fan-out do not follow load.
 * - isolation: what one tenant explains of another's variance grows with its load,
 *   and the level of all the others by ln G / ln 1.5.
 *
 * G is the growth of latency, see `latencyGrowth`.
 */
export function forecastGates(indexed: IndexedPool, then: PoolChange): GateForecast[] {
  const { pool } = indexed;
  const growth = latencyGrowth(pool, then.loadRps, then.capacityRps);
  const unknown = then.isOpen ? 'no-limit' : growth.isLowerBound ? 'no-capacity' : '';
  const scale = { indexed, pool, then, growth: growth.factor };
  return [
    forecast(scale, 'fit', unknown, fitAfter),
    forecast(scale, 'gluing', '', gluingAfter),
    forecast(scale, 'uv', then.isOpen ? unknown : '', uvAfter),
    forecast(scale, 'isolation', unknown, isolationAfter),
  ];
}

interface Scale {
  readonly indexed: IndexedPool;
  readonly pool: PoolScene;
  readonly then: PoolChange;
  /** G. */
  readonly growth: number;
}

interface WorstRatio {
  readonly ratio: number;
  readonly worst: string;
}

function forecast(
  scale: Scale,
  gate: GateName,
  unknown: string,
  predict: (now: GateVerdict, ratio: number, scale: Scale) => WorstRatio,
): GateForecast {
  const { service, gates } = scale.pool;
  const now = gates[gate];
  const { status, reason, ratio: nowRatio, worst: nowWorst } = now;
  if (status !== 'PASS') return { gate, service, now, status, ratio: nowRatio, reason, worst: nowWorst };
  if (nowRatio === null) {
    return { gate, service, now, status: 'UNKNOWN', ratio: null, reason: 'held', worst: nowWorst };
  }
  const { ratio, worst } = predict(now, nowRatio, scale);
  if (!(ratio <= 1)) return { gate, service, now, status: 'FAIL', ratio, reason: '', worst };
  return { gate, service, now, status: unknown === '' ? 'PASS' : 'UNKNOWN', ratio, reason: unknown, worst };
}

function fitAfter({ evidence, worst }: GateVerdict, ratio: number, { pool, then, growth }: Scale): WorstRatio {
  const tighter = fitThreshold(1, pool.live.geo) / fitThreshold(1, largerOf(pool.live.geo, then.geo));
  const drift = evidence.u_drift ?? (pool.baselineSec > 0 ? 1 / CONGESTION_LIMIT : 0);
  return { ratio: Math.max(ratio * tighter, drift * growth), worst };
}

function gluingAfter({ evidence, worst }: GateVerdict, ratio: number, { pool, then }: Scale): WorstRatio {
  const geo = pool.live.geo ?? 1;
  const views = Math.max(evidence.u_distribution ?? 0, evidence.u_counter ?? 0);
  return { ratio: Math.max(ratio, views * 10 ** Math.max(0, (then.geo ?? geo) - geo)), worst };
}

/** The burst of an edge that gets no more calls stays below its σ, which its own bucket sees to: it is no reason to refuse others. */
function uvAfter({ evidence, worst: nowWorst }: GateVerdict, nowRatio: number, { pool, then }: Scale): WorstRatio {
  const isBurst = evidence.u_burst === nowRatio;
  let ratio = isBurst ? retryRatio(evidence, pool.live.int ?? 1) : nowRatio;
  let worst = isBurst ? '' : nowWorst;
  for (const { key, nowRps, thenRps, burstRatio } of then.edges) {
    if (burstRatio === null || !(nowRps > 0) || thenRps <= nowRps) continue;
    const grown = burstRatio * Math.sqrt(thenRps / nowRps);
    if (grown > ratio) [ratio, worst] = [grown, key];
  }
  return { ratio, worst };
}

function isolationAfter(
  { evidence, worst }: GateVerdict,
  nowRatio: number,
  { indexed, pool, then, growth }: Scale,
): WorstRatio {
  const thresholdNow = isolationThreshold(pool.isolationEps, pool.live.geo, pool.live.int);
  const threshold = isolationThreshold(
    pool.isolationEps,
    largerOf(pool.live.geo, then.geo),
    largerOf(pool.live.int, then.int),
  );
  const share = Math.min(1, evidence.isolation ?? 0);
  const louder = loudness(worst, indexed, then.edges);
  const explained = share / (share + (1 - share) / louder);
  const level = (evidence.isolation_level ?? 0) + Math.log(Math.max(1, growth)) / LEVEL_LIMIT;
  const ratio = Math.max((nowRatio * thresholdNow) / threshold, share > 0 ? explained / threshold : 0, level);
  return { ratio, worst };
}

/** Load of a tenant then over now, at least 1: variance of independent arrivals grows as their rate does. */
function loudness(tenant: string, indexed: IndexedPool, moved: readonly EdgeForecast[]): number {
  const nowRps = indexed.tenantRps(tenant);
  const addedRps = moved.reduce((sum, edge) => (edge.tenant === tenant ? sum + (edge.thenRps - edge.nowRps) : sum), 0);
  return nowRps > 0 ? Math.max(1, (nowRps + addedRps) / nowRps) : 1;
}
