import type { NamedLoad } from './collinear-loads.ts';
import { MIN_GATED_MEDIAN_MS } from './fit.ts';
import type { LatencyCell } from './fit-latency.ts';
import type { GateVerdict } from './gate-state.ts';
import { isolationLevel, likelyAntagonist } from './isolation-level.ts';
import {
  differencedTicks,
  type IsolationPair,
  isChangeAt,
  isolationPairs,
  MIN_DIFFERENCES,
  ONE_LOOK_Z,
  type PoolChanges,
  poolChanges,
} from './isolation-pairs.ts';
import type { Series } from './partial-correlation.ts';
import { isAmount, isPositive } from './usable-number.ts';
import { combine, judge, notApplicable, unknown } from './verdict.ts';

/** Answers without which the mean of a tick counts as missing (MATHS §B4). */
export const MIN_TICK_ANSWERS = 5;
/** Series of other tenants per victim: the largest ones, and the sum of all that remain (MATHS §B4). */
export const OTHERS_MAX = 16;
/** Stands for all tenants beyond the largest. */
export const REST = '~rest';
/** More unusable numbers than this share make the gate UNKNOWN (MATHS §B8). */
const MAX_DROPPED_RATIO = 0.05;

export interface IsolationInput {
  /** Tenants that share the pool; ticks of all of them are the same, oldest first. */
  readonly tenants: readonly PoolTenant[];
  /** ε_iso, see `isolationThreshold`. */
  readonly threshold: number;
  /** Standard errors granted to chance in a correlation; those of one look if not given. */
  readonly z?: number;
}

export interface PoolTenant {
  readonly name: string;
  readonly ticks: readonly (TenantTick | null)[];
  /** Latency of the whole window against what the tenant's own load explains; `null` = not learned yet. */
  readonly level: LatencyCell | null;
  /** Median latency of the window; `null` without answers. */
  readonly medianMs: number | null;
  /** Load that the tenant's budgets entitle it to, in the unit of its load; `null` = no limit. */
  readonly entitledLoad: number | null;
}

/** One tenant in one tick; a tick without a frame, or with a counter reset, is `null`. */
export interface TenantTick {
  /** Calls in flight (time average), or calls per second; the same unit for all. */
  readonly load: number;
  readonly answers: number;
  /** Mean of ln(latency in ms); of no meaning without answers. */
  readonly meanLog: number;
}

export interface IsolationVerdict extends GateVerdict {
  /** Whose latency is moved; empty where there is nobody. `worst` is whose load moves it. */
  readonly victim: string;
}

/** ε_iso = setting·(1 − 0.3·max(C_geo, C_int)); a null level counts as 0 (MATHS §B4, CONTRACT §C). */
export const isolationThreshold = (setting: number, geo: number | null, int: number | null): number =>
  setting * (1 - 0.3 * Math.max(geo ?? 0, int ?? 0));

/**
 * Does one tenant's load move another's latency? For each victim the larger of
 * the partial-correlation part over ε_iso and the level part; over all victims
 * the largest (MATHS §B4, CONTRACT §G). `worst` names the antagonist, `victim`
 * and the evidence `victim/<tenant>` whom it harms. Tenants without load or
 * answers in the window are not in the pool; with fewer than two that are,
 * there is nothing to judge. A victim with too few calls to be judged at all
 * leaves the verdict to the others.
 */
export function isolationGate({ tenants, threshold, z = ONE_LOOK_Z }: IsolationInput): IsolationVerdict {
  const present = tenants.filter(hasTraffic);
  if (present.length === 0) return { ...unknown('no-traffic'), victim: '' };
  if (present.length === 1) return { ...notApplicable('one-tenant'), victim: '' };
  const pool = sharedPool(present);
  const victims = pool.tenants.map((tenant) => ({
    name: tenant.name,
    verdict: judgeVictim(tenant, pool, { threshold, z }),
  }));
  const sparse = victims.filter(({ verdict }) => verdict.reason === 'sparse').length;
  const usable = isPositive(threshold) && isAmount(z) && present.every(hasUsableFigures);
  const nonfinite = droppedRatio(pool.tenants) > MAX_DROPPED_RATIO || !usable ? [unknown('nonfinite')] : [];
  const verdict = combine([...victims.map((victim) => victim.verdict), ...nonfinite]);
  const worst = victims.reduce((a, b) => ((b.verdict.ratio ?? -1) > (a.verdict.ratio ?? -1) ? b : a));
  const ratio = worst.verdict.ratio;
  const evidence = {
    ...worst.verdict.evidence,
    eps_iso: threshold,
    victims: victims.length,
    sparse_victims: sparse,
    ...(ratio === null ? {} : { [`victim/${worst.name}`]: ratio }),
  };
  if (verdict.status === 'NOT_APPLICABLE' && sparse > 0) {
    return { ...unknown('insufficient_mass', evidence), victim: '' };
  }
  return { ...verdict, evidence, victim: ratio === null ? '' : worst.name };
}

interface LoadedTenant extends PoolTenant {
  /** Load per tick, NaN = missing. */
  readonly load: Series;
  readonly meanLoad: number;
  /** Ticks that were told, and those of them with a load that can be used. */
  readonly told: number;
  readonly known: number;
}

interface SharedPool {
  /** The one with the largest load first. */
  readonly tenants: readonly LoadedTenant[];
  /** Of the largest tenants and the rest. */
  readonly changes: PoolChanges;
}

function sharedPool(present: readonly PoolTenant[]): SharedPool {
  const tenants = present.map(withLoad).sort((a, b) => b.meanLoad - a.meanLoad);
  return { tenants, changes: poolChanges(largestAndRest(tenants, OTHERS_MAX), loadTicks(tenants)) };
}

const loadTicks = (tenants: readonly LoadedTenant[]) => differencedTicks(tenants.map(({ load }) => load));

/**
 * The pool as it was at the ticks that this victim has a latency for. One of
 * the largest tenants sees the others of them and the rest; any other victim is
 * taken out of the rest, and the smallest of the largest goes there in its place.
 */
function poolOf(victim: LoadedTenant, meanLog: Series, { tenants, changes }: SharedPool): PoolChanges {
  const large = tenants.length <= OTHERS_MAX + 1 || tenants.indexOf(victim) < OTHERS_MAX;
  if (large && changes.ticks.every((t) => isChangeAt(meanLog, t))) return changes;
  const ticks = changes.ticks.filter((t) => isChangeAt(meanLog, t));
  const others = tenants.filter((tenant) => tenant !== victim);
  return poolChanges(
    large ? largestAndRest(tenants, OTHERS_MAX) : [victim, ...largestAndRest(others, OTHERS_MAX - 1)],
    ticks,
  );
}

interface PairScale {
  readonly threshold: number;
  readonly z: number;
}

function judgeVictim(victim: LoadedTenant, pool: SharedPool, scale: PairScale): GateVerdict {
  if (victim.medianMs !== null && victim.medianMs < MIN_GATED_MEDIAN_MS) return notApplicable('low-confidence');
  const level = levelPart(victim, pool);
  const pairs = pairsPart(victim, pool, scale);
  if (pairs.reason !== 'sparse') return combine([pairs, level]);
  return level.reason === 'insufficient_mass' ? pairs : level;
}

function levelPart(victim: LoadedTenant, { tenants }: SharedPool): GateVerdict {
  const verdict = isolationLevel(victim.level);
  if (!((verdict.ratio ?? 0) > 0)) return verdict;
  return { ...verdict, worst: likelyAntagonist(tenants.filter((tenant) => tenant !== victim)) };
}

function pairsPart(victim: LoadedTenant, pool: SharedPool, { threshold, z }: PairScale): GateVerdict {
  const meanLog = meanLogOf(victim);
  const result = isolationPairs(meanLog, victim.name, poolOf(victim, meanLog, pool), z);
  const evidence = { differences: result.differences };
  if (result.status === 'UNKNOWN') {
    const filled = result.reason === 'warmup' && victim.ticks.length > MIN_DIFFERENCES;
    return filled ? notApplicable('sparse', evidence) : unknown(result.reason, evidence);
  }
  const worst = result.pairs.reduce((a, b) => (b.value > a.value ? b : a));
  const verdict = judge(worst.value / threshold, {
    worst: worst.value > 0 ? worst.tenant : '',
    evidence: { ...evidence, ...pairEvidence(worst, pool) },
  });
  return result.unresolved === null ? verdict : combine([verdict, unknown(result.unresolved)]);
}

/** ln(latency) per tick, NaN = missing. */
function meanLogOf({ ticks }: LoadedTenant): Series {
  const meanLog = new Float64Array(ticks.length);
  for (let t = 0; t < meanLog.length; t++) {
    const tick = ticks[t] ?? null;
    meanLog[t] = tick !== null && tick.answers >= MIN_TICK_ANSWERS ? tick.meanLog : Number.NaN;
  }
  return meanLog;
}

/** The numbers of one pair, with the rise of the victim's latency that the antagonist's excess load predicts. */
function pairEvidence(pair: IsolationPair, { tenants }: SharedPool): Record<string, number> {
  const antagonist = tenants.find(({ name }) => name === pair.tenant);
  const entitled = antagonist?.entitledLoad ?? null;
  const numbers = {
    isolation: pair.value,
    partial_correlation: pair.r,
    lower_bound: pair.lowerBound,
    effective_samples: pair.effectiveSamples,
  };
  if (antagonist === undefined || entitled === null) return numbers;
  return { ...numbers, predicted_rise: Math.expm1(pair.slope * Math.max(0, antagonist.meanLoad - entitled)) };
}

/** The first `kept` loads, and the sum of all after them; the last one stays itself if it is alone. */
function largestAndRest(tenants: readonly LoadedTenant[], kept: number): NamedLoad[] {
  if (tenants.length <= kept + 1) return [...tenants];
  const rest = tenants.slice(kept).map(({ load }) => load);
  const sum = Float64Array.from(rest[0] ?? [], (_, t) =>
    rest.reduce((total, load) => total + (load[t] ?? Number.NaN), 0),
  );
  return [...tenants.slice(0, kept), { name: REST, load: sum }];
}

function withLoad(tenant: PoolTenant): LoadedTenant {
  let sum = 0;
  let told = 0;
  let known = 0;
  const load = new Float64Array(tenant.ticks.length).fill(Number.NaN);
  for (let t = 0; t < load.length; t++) {
    const tick = tenant.ticks[t] ?? null;
    if (tick === null) continue;
    told++;
    if (!isUsable(tick)) continue;
    load[t] = tick.load;
    sum += tick.load;
    known++;
  }
  const { name, ticks, level, medianMs, entitledLoad } = tenant;
  return { name, ticks, level, medianMs, entitledLoad, load, meanLoad: sum / Math.max(1, known), told, known };
}

const hasTraffic = ({ ticks }: PoolTenant): boolean =>
  ticks.some((tick) => tick !== null && (tick.load !== 0 || tick.answers !== 0));

const hasUsableFigures = ({ medianMs, entitledLoad }: PoolTenant): boolean =>
  isAmount(medianMs ?? 0) && isAmount(entitledLoad ?? 0);

const isUsable = ({ load, answers, meanLog }: TenantTick): boolean =>
  isAmount(load) && isAmount(answers) && (answers < MIN_TICK_ANSWERS || Number.isFinite(meanLog));

function droppedRatio(tenants: readonly LoadedTenant[]): number {
  let [told, known] = [0, 0];
  for (const tenant of tenants) {
    told += tenant.told;
    known += tenant.known;
  }
  return told === 0 ? 0 : (told - known) / told;
}
