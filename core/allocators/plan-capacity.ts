import { nodeBreaker } from '../capacity/breaker.ts';
import { backstopBucket, bucketPlan, safeBucket } from '../capacity/bucket-plan.ts';
import { edgeBurst } from '../capacity/burst.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { errorThreshold } from '../capacity/error-threshold.ts';
import { leaseMs } from '../capacity/gauge.ts';
import { liveCapacity, liveFraction } from '../capacity/live-capacity.ts';
import { observationLimits } from '../capacity/observation.ts';
import { retryBudgetPercent } from '../capacity/retry-budget.ts';
import {
  type BudgetConfig,
  edgeKey,
  type MeshConfig,
  type ServiceConfig,
  type WorkloadConfig,
} from '../mesh/mesh-config.ts';
import type { BreakerPlan, BucketPlan, CapacityPlan, EdgePlan, ServicePlan } from './capacity-plan.ts';
import type { PlanInput } from './plan-input.ts';
import { type EdgeFigures, type EdgeInput, isEdge, type ServiceFigures, serviceFigures } from './service-figures.ts';

/** Share of K for calls whose caller is not known: what admission allows to the blind (CONTRACT §E). */
const UNVERIFIED_SHARE = 0.1;
/** Per node, where K is unknown: the rate of calls without a valid token (CONTRACT §F). */
const UNVERIFIED_RPS = 100;

/** Turns budgets, capacities, grants and measurements into the numbers to enforce (CONTRACT §D). */
export function planCapacity(input: PlanInput): CapacityPlan {
  const nodeCount = Math.max(1, input.nodes.length);
  const edges = edgesByService(input);
  return {
    mesh: input.config.mesh,
    nodeCount,
    services: [...input.config.services.values()].map((service) =>
      planService(input, service, edges.get(service.name) ?? [], nodeCount),
    ),
  };
}

/** A configuration is never changed in place, so what follows from it alone is kept with it. */
const EDGES = new WeakMap<MeshConfig, ReadonlyMap<string, readonly EdgeInput[]>>();

/** The edges of each service: budget lines that entitle, whose workload is declared. */
export function edgesByService({ config }: Pick<PlanInput, 'config'>): ReadonlyMap<string, readonly EdgeInput[]> {
  const known = EDGES.get(config);
  if (known !== undefined) return known;
  const byService = new Map<string, EdgeInput[]>();
  for (const budget of config.budgets.values()) {
    const workload = config.workloads.get(budget.workload);
    if (!workload || !isEdge(budget)) continue;
    const edge: EdgeInput = { key: edgeKey(budget.workload, budget.service), budget, workload };
    const edges = byService.get(budget.service);
    if (edges) edges.push(edge);
    else byService.set(budget.service, [edge]);
  }
  EDGES.set(config, byService);
  return byService;
}

function planService(
  input: PlanInput,
  service: ServiceConfig,
  edges: readonly EdgeInput[],
  nodeCount: number,
): ServicePlan {
  const { live } = input;
  const figures = serviceFigures(service, edges, input.services.get(service.name), input.offeredRps);
  const known = SERVICES.get(figures);
  if (known?.config === service && known.live === live && known.nodeCount === nodeCount) return known.plan;
  const plan = {
    service: service.name,
    endpoints: service.endpoints,
    timeoutMs: service.timeoutMs,
    ejectFailing: service.ejectFailing,
    anonymous: service.anonymous,
    authorizerDown: service.authorizerDown,
    capacityRps: figures.capacityRps,
    concurrency: figures.concurrency,
    edges: figures.edges.map((edge) => planEdge(input, edge, nodeCount)),
    unverified: service.authorizerDown === 'closed' ? null : unverifiedBucket(figures, nodeCount),
  };
  SERVICES.set(figures, { config: service, live, nodeCount, plan });
  return plan;
}

/** By figures, which stay the same objects while the numbers do. A plan follows from what is compared, so that only time is saved. */
const SERVICES = new WeakMap<ServiceFigures, KnownPlan>();

interface KnownPlan {
  readonly config: ServiceConfig;
  readonly live: PlanInput['live'];
  readonly nodeCount: number;
  readonly plan: ServicePlan;
}

/**
 * Numbers of one edge. The safe bucket exists wherever K is known, also without
 * C_int, for it is the only bound while the authorizer is away; with K unknown
 * the breaker alone bounds the edge.
 */
export function planEdge(input: PlanInput, edge: EdgeFigures, nodeCount: number): EdgePlan {
  const { key, budget, workload, rate, concurrency } = edge;
  const terms = edgeTerms(edge, input.live.get(budget.workload), nodeCount);
  const limitRps = terms.guaranteeRps === null ? null : (rate?.limitRps ?? null);
  const calls = concurrency?.calls ?? null;
  const same = terms.plan?.limitRps === limitRps && terms.plan.concurrency === calls && terms.plan.load === edge.load;
  if (same && terms.plan !== null) return terms.plan;
  const breaker = calls === null ? null : breakerOf(terms, calls);
  terms.plan = {
    key,
    workload: budget.workload,
    service: budget.service,
    tenant: workload.tenant,
    prio: workload.prio,
    weight: workload.weight,
    budget: budget.vector,
    geo: terms.geo,
    observation: terms.observation,
    guaranteeRps: terms.guaranteeRps,
    limitRps,
    burst: terms.burst,
    concurrency: calls,
    load: edge.load,
    breaker,
    backstop: terms.backstop,
    safe: terms.safe,
    retryBudgetPercent: terms.retryBudgetPercent,
    errorThreshold: errorThreshold(budget.vector.int),
    leaseMs: terms.leaseMs,
    overlay: null,
  };
  return terms.plan;
}

/** Numbers of an edge that stay while configuration, grants, K and nodes do. */
interface EdgeTerms
  extends Pick<
    EdgePlan,
    'geo' | 'observation' | 'guaranteeRps' | 'burst' | 'backstop' | 'safe' | 'retryBudgetPercent' | 'leaseMs'
  > {
  readonly workload: WorkloadConfig;
  readonly askedRps: number | null;
  readonly sharedRps: number | null;
  readonly live: CapacityVector | undefined;
  readonly nodeCount: number;
  readonly livePtr: number;
  /** The newest plan of the edge: most edges have the same one tick after tick. */
  plan: EdgePlan | null;
}

/** By budget line. The numbers follow from what is compared in `edgeTerms`, so that only time is saved. */
const TERMS = new WeakMap<BudgetConfig, EdgeTerms>();

function edgeTerms(
  { budget, workload, rate }: EdgeFigures,
  live: CapacityVector | undefined,
  nodeCount: number,
): EdgeTerms {
  const known = TERMS.get(budget);
  const isKnown =
    known !== undefined &&
    known.workload === workload &&
    known.live === live &&
    known.nodeCount === nodeCount &&
    known.askedRps === (rate?.askedRps ?? null) &&
    known.sharedRps === (rate?.guaranteeRps ?? null);
  if (isKnown) return known;
  const liveBudget = liveCapacity(budget.vector, live);
  const limited = budget.vector.int === null ? null : rate;
  const terms: EdgeTerms = {
    workload,
    live,
    nodeCount,
    askedRps: rate?.askedRps ?? null,
    sharedRps: rate?.guaranteeRps ?? null,
    geo: liveBudget.geo,
    observation: observationLimits(liveBudget.obs),
    guaranteeRps: limited?.guaranteeRps ?? null,
    burst: limited?.burst ?? null,
    backstop: limited ? backstopBucket(limited.askedRps, limited.burst) : null,
    safe: rate ? safeBucket(rate.guaranteeRps, rate.burst, nodeCount) : null,
    retryBudgetPercent: retryBudgetPercent(liveBudget.int),
    leaseMs: leaseMs(liveBudget.gauge),
    livePtr: liveFraction(live, 'ptr'),
    plan: null,
  };
  TERMS.set(budget, terms);
  return terms;
}

const breakerOf = ({ plan, livePtr, nodeCount }: EdgeTerms, calls: number): BreakerPlan =>
  plan?.concurrency === calls && plan.breaker !== null ? plan.breaker : nodeBreaker(calls, livePtr, nodeCount);

/**
 * Bucket per node for calls without a known caller while the authorizer is down:
 * 10 % of K ÷ nodes, never above what all edges are guaranteed; 100/s a node
 * where K is unknown. A service without edges stays closed.
 */
function unverifiedBucket(figures: ServiceFigures, nodeCount: number): BucketPlan | null {
  if (figures.edges.length === 0) return null;
  if (figures.capacityRps === null) return bucketPlan(UNVERIFIED_RPS, edgeBurst(UNVERIFIED_RPS));
  const guaranteed = figures.edges.reduce((sum, edge) => sum + (edge.rate?.guaranteeRps ?? 0), 0);
  const rateRps = Math.min(UNVERIFIED_SHARE * figures.capacityRps, guaranteed);
  return safeBucket(rateRps, edgeBurst(rateRps), nodeCount);
}
