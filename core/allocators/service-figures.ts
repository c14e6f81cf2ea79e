import type { LoadShare } from '../admission/load-limit.ts';
import { at } from '../at.ts';
import { couplingShares, pointerShares } from '../capacity/axis-shares.ts';
import { edgeBurst } from '../capacity/burst.ts';
import { concurrencyShares, littleConcurrency } from '../capacity/concurrency.ts';
import { asksForMore, demandedRps, guaranteedShares, type RateDemand, rateLimits } from '../capacity/rate-limits.ts';
import { floorShare } from '../capacity/rounding.ts';
import { type OverloadShare, splitOverload } from '../capacity/split-overload.ts';
import type { BudgetConfig, EdgeKey, ServiceConfig, WorkloadConfig } from '../mesh/mesh-config.ts';
import type { RateByEdge, ServiceObservation } from './plan-input.ts';

/** Every number of one service before it is divided over nodes; plan and derivation both read it. */
export interface ServiceFigures {
  /** K, calls per second: min(declared, learned); `null` = unknown. */
  readonly capacityRps: number | null;
  /** N, calls in flight: min(declared, what the overload controller allows); `null` = unknown. */
  readonly concurrency: number | null;
  readonly edges: readonly EdgeFigures[];
}

export interface EdgeFigures {
  readonly key: EdgeKey;
  readonly budget: BudgetConfig;
  readonly workload: WorkloadConfig;
  /** Rates; `null` while K is unknown. An int of null takes part as 1. */
  readonly rate: EdgeRate | null;
  /** N_e; `null` = nothing known. */
  readonly concurrency: EdgeConcurrency | null;
  /** wf(cpuMsPerSec, C_int·, w) and wf(memoryMiB, C_ptr·, w). */
  readonly load: LoadShare;
}

export interface EdgeRate {
  /** C_int · K. */
  readonly askedRps: number;
  readonly guaranteeRps: number;
  readonly limitRps: number;
  readonly burst: number;
}

export interface EdgeConcurrency {
  /** N_e. */
  readonly calls: number;
  /** How it was found: a share of N, Little's law, all of N, or a share while shedding. */
  readonly rule: 'share' | 'little' | 'whole' | 'shed';
}

/** One line of budget with its caller. A component of 0 on int or ptr is no edge (CONTRACT §A). */
export interface EdgeInput {
  readonly key: EdgeKey;
  readonly budget: BudgetConfig;
  readonly workload: WorkloadConfig;
}

/** Whether a line of budget entitles to calls: `int: 0` or `ptr: 0` does not (CONTRACT §A). */
export const isEdge = (budget: BudgetConfig): boolean => budget.vector.int !== 0 && budget.vector.ptr !== 0;

/** Numbers of all edges of one service (CONTRACT §D). */
export function serviceFigures(
  service: ServiceConfig,
  edges: readonly EdgeInput[],
  observed: ServiceObservation | undefined,
  offeredRps: RateByEdge,
): ServiceFigures {
  const capacityRps = smallest(service.capacity.rps, observed?.learnedRps ?? null);
  const concurrency = smallest(service.capacity.concurrency, observed?.concurrencyLimit ?? null);
  const rates = capacityRps === null ? null : edgeRates(capacityRps, edges, offeredRps);
  const basis: ConcurrencyBasis = { capacityRps, baselineLatencyMs: observed?.baselineLatencyMs ?? null, edges };
  const calls =
    observed?.trimming && concurrency !== null
      ? shedConcurrency(concurrency, service.capacity.concurrency, basis, observed)
      : steadyConcurrency(concurrency, basis);
  const loads = loadShares(service, edges);
  const memo = memoOf(edges);
  const known = memo.figures;
  const isKnown = known?.rates === rates && known.calls === calls && known.loads === loads;
  if (isKnown && known.figures.concurrency === concurrency) return known.figures;
  const figures = {
    capacityRps,
    concurrency,
    edges: edges.map(({ key, budget, workload }, i) => ({
      key,
      budget,
      workload,
      rate: rates?.[i] ?? null,
      concurrency: calls[i] ?? null,
      load: at(loads, i),
    })),
  };
  memo.figures = { rates, calls, loads, figures };
  return figures;
}

/** What was found last for the edges of a service, with what it followed from, so that only time is saved: most ticks find the same. */
interface FiguresMemo {
  rates: RateBasis | null;
  loads: readonly LoadShare[] | null;
  steady: SteadyConcurrency | null;
  figures: KnownFigures | null;
}

/** By edges, which are the same objects as long as the configuration is. */
const MEMOS = new WeakMap<readonly EdgeInput[], FiguresMemo>();

function memoOf(edges: readonly EdgeInput[]): FiguresMemo {
  const known = MEMOS.get(edges);
  if (known !== undefined) return known;
  const memo: FiguresMemo = { rates: null, loads: null, steady: null, figures: null };
  MEMOS.set(edges, memo);
  return memo;
}

interface KnownFigures {
  readonly rates: readonly EdgeRate[] | null;
  readonly calls: readonly (EdgeConcurrency | null)[];
  readonly loads: readonly LoadShare[];
  readonly figures: ServiceFigures;
}

/** What is offered to each edge, and d_e. */
export function edgeDemands(
  capacityRps: number,
  edges: readonly EdgeInput[],
  offered: RateByEdge,
): RateDemand & { readonly demandRps: readonly number[] } {
  const demand = { ...rateBasis(capacityRps, edges), offeredRps: offeredTo(edges, offered) };
  return { ...demand, demandRps: demandedRps(demand) };
}

function edgeRates(capacityRps: number, edges: readonly EdgeInput[], offered: RateByEdge): readonly EdgeRate[] {
  const basis = rateBasis(capacityRps, edges);
  const lends = edges.some(({ key }, i) => asksForMore(offered.get(key) ?? 0, basis.guaranteeRps[i] as number));
  if (lends) return ratesOf({ ...basis, offeredRps: offeredTo(edges, offered) });
  basis.calm ??= ratesOf({ ...basis, offeredRps: edges.map(() => 0) });
  return basis.calm;
}

const offeredTo = (edges: readonly EdgeInput[], offered: RateByEdge): number[] =>
  edges.map((edge) => offered.get(edge.key) ?? 0);

function ratesOf(demand: RateDemand): EdgeRate[] {
  const limits = rateLimits(demand);
  return limits.map((limitRps, i) => ({
    askedRps: at(demand.askedRps, i),
    guaranteeRps: at(demand.guaranteeRps, i),
    limitRps,
    burst: edgeBurst(at(demand.guaranteeRps, i)),
  }));
}

interface RateBasis extends Omit<RateDemand, 'offeredRps'> {
  /** Rates while no edge asks for more than its guarantee: they do not depend on what is offered. `null` = not asked for yet. */
  calm: readonly EdgeRate[] | null;
}

/** What the limits of every tick follow from, as long as configuration and K stand. */
function rateBasis(capacityRps: number, edges: readonly EdgeInput[]): RateBasis {
  const memo = memoOf(edges);
  if (memo.rates?.capacityRps === capacityRps) return memo.rates;
  const weights = edges.map((edge) => edge.workload.weight);
  const fractions = edges.map((edge) => edge.budget.vector.int ?? 1);
  const basis: RateBasis = {
    capacityRps,
    askedRps: fractions.map((fraction) => fraction * capacityRps),
    guaranteeRps: guaranteedShares(capacityRps, fractions, weights),
    weights,
    calm: null,
  };
  memo.rates = basis;
  return basis;
}

function loadShares({ capacity }: ServiceConfig, edges: readonly EdgeInput[]): readonly LoadShare[] {
  const memo = memoOf(edges);
  if (memo.loads !== null) return memo.loads;
  const askers = (axis: 'int' | 'ptr') =>
    edges.map(({ budget, workload }) => ({ fraction: budget.vector[axis], weight: workload.weight }));
  const cpu = couplingShares(capacity.cpuMsPerSec, askers('int'));
  const memory = pointerShares(capacity.memoryMiB, askers('ptr'));
  memo.loads = edges.map((_, i) => ({ cpuMsPerSec: at(cpu, i), memoryMiB: at(memory, i) }));
  return memo.loads;
}

/** What N_e follows from, apart from N. */
interface ConcurrencyBasis {
  readonly capacityRps: number | null;
  readonly baselineLatencyMs: number | null;
  readonly edges: readonly EdgeInput[];
}

interface SteadyConcurrency extends ConcurrencyBasis {
  readonly total: number | null;
  readonly calls: readonly (EdgeConcurrency | null)[];
}

/**
 * N_e while nothing is shed. With N known, C_ptr takes its share of it, and an
 * edge without C_ptr may use all of it: null sets no limit of its own, and N is
 * far above need while all is well. With N unknown, Little's law on the guarantee
 * bounds an edge without C_ptr.
 */
function steadyConcurrency(total: number | null, basis: ConcurrencyBasis): readonly (EdgeConcurrency | null)[] {
  const { capacityRps, baselineLatencyMs, edges } = basis;
  const memo = memoOf(edges);
  const known = memo.steady;
  const isKnown =
    known?.total === total && known.capacityRps === capacityRps && known.baselineLatencyMs === baselineLatencyMs;
  if (isKnown) return known.calls;
  const pointed = edges.filter((edge) => edge.budget.vector.ptr !== null);
  const shares =
    total === null
      ? []
      : concurrencyShares(
          total,
          pointed.map((edge) => edge.budget.vector.ptr ?? 1),
          pointed.map((edge) => edge.workload.weight),
        );
  const shareOf = new Map(pointed.map((edge, k) => [edge, shares[k]]));
  const guarantees = capacityRps === null ? [] : rateBasis(capacityRps, edges).guaranteeRps;
  const calls = edges.map((edge, i): EdgeConcurrency | null => {
    const share = shareOf.get(edge);
    if (share !== undefined) return { calls: share, rule: 'share' };
    if (total !== null) return { calls: wholeCalls(total), rule: 'whole' };
    const guarantee = guarantees[i] ?? null;
    return guarantee === null ? null : { calls: littleConcurrency(guarantee, baselineLatencyMs), rule: 'little' };
  });
  memo.steady = { ...basis, total, calls };
  return calls;
}

/**
 * N_e while the controller holds an overloaded service (CONTRACT §G): by priority,
 * Σ within N. The ceiling of an edge is its N_e at the declared concurrency; where
 * none is declared, C_ptr·N, since an N_e taken from the trimmed N would leave
 * nothing for priority to decide.
 */
function shedConcurrency(
  total: number,
  declared: number | null,
  basis: ConcurrencyBasis,
  observed: ServiceObservation,
): EdgeConcurrency[] {
  const steady = steadyConcurrency(declared ?? total, basis);
  const shares = basis.edges.map((edge, i): OverloadShare => {
    const own = steady[i]?.calls ?? wholeCalls(total);
    const { ptr } = edge.budget.vector;
    return {
      prio: edge.workload.prio,
      weight: edge.workload.weight,
      steady: own,
      ceiling: declared === null && ptr !== null ? Math.max(own, wholeCalls(ptr * total)) : own,
      inFlight: observed.inFlight.get(edge.key) ?? null,
    };
  });
  return splitOverload(total, shares).map((calls) => ({ calls, rule: 'shed' }));
}

const wholeCalls = (calls: number): number => Math.max(1, floorShare(calls));

const smallest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);
