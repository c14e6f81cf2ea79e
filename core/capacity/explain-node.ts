import type { BucketPlan } from '../allocators/capacity-plan.ts';
import { type DerivationStep, list, num, seconds, step } from './derivation-step.ts';
import type { ExplainedEdge } from './explained-edge.ts';
import { activeGeoLevels, GEO_LEVELS, geoWeights } from './geo-levels.ts';
import { liveCapacity, liveFraction } from './live-capacity.ts';

/** The numbers of one edge in one Envoy (CONTRACT §D). */
export function explainNode(explained: ExplainedEdge): DerivationStep[] {
  const { edge, plan, input } = explained;
  const live = liveCapacity(edge.budget.vector, input.live.get(edge.budget.workload));
  return [
    explainBreaker(explained),
    ...explainBuckets(explained),
    step(
      'retry budget',
      '20 % · C_int now (not set counts 1)',
      `20 · ${num(live.int ?? 1)}`,
      `${num(plan.retryBudgetPercent)} %`,
    ),
    explainEndpoints(plan.geo),
    step('lease', '60 s · (1 − 0.8·C_gauge now)', `60 · (1 − 0.8·${num(live.gauge ?? 0)})`, seconds(plan.leaseMs)),
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

const bucketWords = ({ maxTokens, tokensPerFill, fillIntervalMs }: BucketPlan): string =>
  `${maxTokens}; ${tokensPerFill} per ${seconds(fillIntervalMs)} (${num((tokensPerFill * 1000) / fillIntervalMs)}/s)`;
