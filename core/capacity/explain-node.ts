import { isBounded } from '../admission/load-limit.ts';
import type { BucketPlan } from '../allocators/capacity-plan.ts';
import { consensusBounds } from './consensus.ts';
import { type DerivationStep, list, num, seconds, step } from './derivation-step.ts';
import type { ExplainedEdge } from './explained-edge.ts';
import { activeGeoLevels, GEO_LEVELS, geoWeights } from './geo-levels.ts';
import { liveCapacity, liveFraction } from './live-capacity.ts';
import { DEFAULT_OBS, type ObservationLimits } from './observation.ts';

/** The numbers of one edge in one Envoy (CONTRACT §D). */
export function explainNode(explained: ExplainedEdge): DerivationStep[] {
  const { edge, plan, input } = explained;
  const live = liveCapacity(edge.budget.vector, input.live.get(edge.budget.workload));
  return [
    explainBreaker(explained),
    ...explainBuckets(explained),
    ...explainLoad(explained),
    step(
      'retry budget',
      '20 % · C_int now (not set counts 1)',
      `20 · ${num(live.int ?? 1)}`,
      `${num(plan.retryBudgetPercent)} %`,
    ),
    ...explainEjection(explained),
    explainEndpoints(plan.geo),
    ...explainObservation(plan.observation, live.obs, explained.nodeCount),
    explainQuorum(live.gauge),
    step('lease', '60 s · (1 − 0.8·C_gauge now)', `60 · (1 − 0.8·${num(live.gauge ?? 0)})`, seconds(plan.leaseMs)),
  ];
}

function explainEjection({ service, edge, plan }: ExplainedEdge): DerivationStep[] {
  if (!service.ejectFailing) return [];
  const { int } = edge.budget.vector;
  return [
    step(
      'endpoint left out',
      'when max(0.1, 1 − C_int) of its calls fail (not set counts 1), of three or more endpoints',
      `max(0.1, 1 − ${num(int ?? 1)})`,
      `at ${num(100 * plan.errorThreshold)} % failed calls`,
    ),
  ];
}

function explainEndpoints(geo: number | null): DerivationStep {
  const formula = 'w_d = clip(5·C_geo now − d, 0, 1); ⌈w_d · endpoints of level d⌉, nearest level first';
  if (geo === null) return step('endpoints', formula, 'geo is not set', 'all, one as near as the next');
  const weights = geoWeights(geo);
  return step(
    'endpoints',
    formula,
    list(GEO_LEVELS.map((level, d) => `${level} ${num(weights[d])}`)),
    `${activeGeoLevels(geo)} of ${GEO_LEVELS.length} levels`,
  );
}

function explainObservation(
  { traceSamplingPercent, accessLogLinesPerSec, seriesPerTenant }: ObservationLimits,
  obs: number | null,
  nodeCount: number,
): DerivationStep[] {
  const fraction = num(obs ?? DEFAULT_OBS);
  const notSet = ' (not set counts 0.1)';
  return [
    step('trace sampling', `100 · C_obs now${notSet}`, `100 · ${fraction}`, `${num(traceSamplingPercent)} % of calls`),
    step(
      'access log per node',
      `⌊1000 · C_obs now⌋ ÷ nodes${notSet}`,
      `⌊1000 · ${fraction}⌋ ÷ ${nodeCount}`,
      `${num(accessLogLinesPerSec / nodeCount)} lines/s`,
    ),
    step(
      'metric series',
      `⌊10 000 · C_obs now⌋, the largest of the tenant${notSet}`,
      `⌊10000 · ${fraction}⌋`,
      `${seriesPerTenant} of the tenant, then other`,
    ),
  ];
}

function explainQuorum(gauge: number | null): DerivationStep {
  const groups = [3, 5].map((members) => `${consensusBounds(gauge, members, null).quorum} of ${members}`);
  return step(
    'quorum',
    'max(⌊n/2⌋+1, ⌈C_gauge now · n⌉) of n that vote; proposals ≤ their votes/s ÷ quorum',
    `C_gauge ${num(gauge ?? 0)}`,
    list(groups),
  );
}

function explainBreaker({ plan, input, nodeCount }: ExplainedEdge): DerivationStep {
  const formula = 'M = ⌈N_e · min(1, Σ live ptr) / nodes⌉; M requests, 2M connections, M pending';
  if (!plan.breaker) return step('breaker per node', formula, 'N_e unknown', 'none');
  const granted = liveFraction(input.live.get(plan.workload), 'ptr');
  const { maxRequests, maxConnections, maxPendingRequests } = plan.breaker;
  return step(
    'breaker per node',
    formula,
    `⌈${num(plan.concurrency)} · ${num(granted)} / ${nodeCount}⌉`,
    `${maxRequests} / ${maxConnections} / ${maxPendingRequests}`,
  );
}

function explainBuckets({ edge: { rate }, plan, nodeCount }: ExplainedEdge): DerivationStep[] {
  if (!rate) return [];
  const steps: DerivationStep[] = [];
  if (plan.backstop) {
    steps.push(
      step(
        'backstop per node',
        'rate 1.2·C_int·K, size ⌈1.2·σ⌉',
        `1.2·${num(rate.askedRps)}, ⌈1.2·${num(rate.burst)}⌉`,
        bucketWords(plan.backstop),
      ),
    );
  }
  if (plan.safe) {
    steps.push(
      step(
        'safe per node',
        'rate guarantee ÷ nodes, size ⌈σ ÷ nodes⌉, while the authorizer is unreachable',
        `${num(rate.guaranteeRps)} ÷ ${nodeCount}, ⌈${num(rate.burst)} ÷ ${nodeCount}⌉`,
        bucketWords(plan.safe),
      ),
    );
  }
  return steps;
}

function explainLoad({ plan: { load }, nodeCount }: ExplainedEdge): DerivationStep[] {
  const words = (share: number | null, unit: string): string => (share === null ? 'no limit' : `${num(share)} ${unit}`);
  const { cpuMsPerSec, memoryMiB } = load;
  if (!isBounded(load)) return [];
  const perNode = (share: number | null): number | null => (share === null ? null : share / nodeCount);
  return [
    step(
      'load estimates per node',
      'wf(cpuMsPerSec, C_int, weights) and, of calls in flight, wf(memoryMiB, C_ptr, weights); ÷ nodes',
      `${words(cpuMsPerSec, 'CPU-ms/s')}, ${words(memoryMiB, 'MiB')} ÷ ${nodeCount}`,
      `${words(perNode(cpuMsPerSec), 'CPU-ms/s')}, ${words(perNode(memoryMiB), 'MiB')}`,
    ),
  ];
}

const bucketWords = ({ maxTokens, tokensPerFill, fillIntervalMs }: BucketPlan): string =>
  `${maxTokens}; ${tokensPerFill} per ${seconds(fillIntervalMs)} (${num((tokensPerFill * 1000) / fillIntervalMs)}/s)`;
