import type { NamedLoad } from './collinear-loads.ts';
import { MIN_GATED_MEDIAN_MS } from './fit.ts';
import type { LatencyCell } from './fit-latency.ts';
import type { GateVerdict } from './gate-state.ts';
import { isolationLevel, likelyAntagonist } from './isolation-level.ts';
import { type IsolationPair, isolationPairs, MIN_DIFFERENCES } from './isolation-pairs.ts';
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
export function isolationGate({ tenants, threshold }: IsolationInput): IsolationVerdict {
  const present = tenants.filter(hasTraffic);
  if (present.length === 0) return { ...unknown('no-traffic'), victim: '' };
  if (present.length === 1) return { ...notApplicable('one-tenant'), victim: '' };
  const victims = present.map((victim) => ({
    name: victim.name,
    verdict: judgeVictim(
      victim,
      present.filter((tenant) => tenant !== victim),
      threshold,
    ),
  }));
  const sparse = victims.filter(({ verdict }) => verdict.reason === 'sparse').length;
  const nonfinite = droppedRatio(present) > MAX_DROPPED_RATIO ? [unknown('nonfinite')] : [];
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

function judgeVictim(victim: PoolTenant, others: readonly PoolTenant[], threshold: number): GateVerdict {
  if (victim.medianMs !== null && victim.medianMs < MIN_GATED_MEDIAN_MS) return notApplicable('low-confidence');
  const level = levelPart(victim, others);
  const pairs = pairsPart(victim, others, threshold);
  if (pairs.reason !== 'sparse') return combine([pairs, level]);
  return level.reason === 'insufficient_mass' ? pairs : level;
}

function levelPart(victim: PoolTenant, others: readonly PoolTenant[]): GateVerdict {
  const verdict = isolationLevel(victim.level);
  const holders = others.map((other) => ({ ...other, meanLoad: meanLoad(other) }));
  return (verdict.ratio ?? 0) > 0 ? { ...verdict, worst: likelyAntagonist(holders) } : verdict;
}

function pairsPart(victim: PoolTenant, others: readonly PoolTenant[], threshold: number): GateVerdict {
  const result = isolationPairs({
    meanLog: victim.ticks.map((tick) =>
      tick !== null && tick.answers >= MIN_TICK_ANSWERS ? tick.meanLog : Number.NaN,
    ),
    ownLoad: loads(victim),
    others: largestAndRest(others),
  });
  const evidence = { differences: result.differences };
  if (result.status === 'UNKNOWN') {
    const filled = result.reason === 'warmup' && victim.ticks.length > MIN_DIFFERENCES;
    return filled ? { ...notApplicable('sparse'), evidence } : unknown(result.reason, evidence);
  }
  const worst = result.pairs.reduce((a, b) => (b.value > a.value ? b : a));
  const verdict = judge(worst.value / threshold, {
    worst: worst.value > 0 ? worst.tenant : '',
    evidence: { ...evidence, ...pairEvidence(worst, others) },
  });
  return result.unresolved === null ? verdict : combine([verdict, unknown(result.unresolved)]);
}

/** The numbers of one pair, with the rise of the victim's latency that the antagonist's excess load predicts. */
function pairEvidence(pair: IsolationPair, others: readonly PoolTenant[]): Record<string, number> {
  const antagonist = others.find(({ name }) => name === pair.tenant);
  const entitled = antagonist?.entitledLoad ?? null;
  const numbers = {
    isolation: pair.value,
    partial_correlation: pair.r,
    lower_bound: pair.lowerBound,
    effective_samples: pair.effectiveSamples,
  };
  if (antagonist === undefined || entitled === null) return numbers;
  const excess = Math.max(0, meanLoad(antagonist) - entitled);
  return { ...numbers, predicted_rise: Math.expm1(pair.slope * excess) };
}

/** The largest other tenants by load, and the rest as one. */
function largestAndRest(others: readonly PoolTenant[]): NamedLoad[] {
  const named = others
    .map((tenant) => ({ name: tenant.name, load: loads(tenant), mean: meanLoad(tenant) }))
    .sort((a, b) => b.mean - a.mean);
  if (named.length <= OTHERS_MAX) return named;
  const rest = named.splice(OTHERS_MAX - 1);
  const sum = (rest[0]?.load ?? []).map((_, t) => rest.reduce((total, { load }) => total + (load[t] ?? Number.NaN), 0));
  return [...named, { name: REST, load: sum }];
}

const loads = ({ ticks }: PoolTenant): number[] =>
  ticks.map((tick) => (tick !== null && isUsable(tick) ? tick.load : Number.NaN));

function meanLoad(tenant: PoolTenant): number {
  const known = loads(tenant).filter((load) => !Number.isNaN(load));
  return known.length === 0 ? 0 : known.reduce((sum, load) => sum + load, 0) / known.length;
}

const hasTraffic = ({ ticks }: PoolTenant): boolean =>
  ticks.some((tick) => tick !== null && (tick.load !== 0 || tick.answers !== 0));

const isUsable = ({ load, answers, meanLog }: TenantTick): boolean =>
  load >= 0 &&
  load < Number.POSITIVE_INFINITY &&
  answers >= 0 &&
  (answers < MIN_TICK_ANSWERS || Number.isFinite(meanLog));

function droppedRatio(tenants: readonly PoolTenant[]): number {
  const ticks = tenants.flatMap((tenant) => tenant.ticks.filter((tick) => tick !== null));
  return ticks.length === 0 ? 0 : ticks.filter((tick) => !isUsable(tick)).length / ticks.length;
}
