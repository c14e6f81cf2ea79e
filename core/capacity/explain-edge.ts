import { edgesByService, planEdge } from '../allocators/plan-capacity.ts';
import type { PlanInput } from '../allocators/plan-input.ts';
import { type EdgeFigures, edgeDemands, isEdge, serviceFigures } from '../allocators/service-figures.ts';
import { edgeKey } from '../mesh/mesh-config.ts';
import type { Checked } from '../problem.ts';
import { type DerivationStep, list, num, step } from './derivation-step.ts';
import { explainNode } from './explain-node.ts';
import type { ExplainedEdge } from './explained-edge.ts';

/**
 * How each number of one edge comes about, in the order of CONTRACT §I. Every
 * result is read from the figures that `planCapacity` uses, so that derivation
 * and plan cannot differ. Throws where a budget names a workload that is not
 * declared, which no checked mesh has.
 */
export function explainEdge(input: PlanInput, workload: string, serviceName: string): Checked<DerivationStep[]> {
  const path = `budgets.${workload}.${serviceName}`;
  const service = input.config.services.get(serviceName);
  const budget = input.config.budgets.get(edgeKey(workload, serviceName));
  if (!service || !budget) {
    const message = service ? `${workload} has no budget for it` : `service "${serviceName}" is not declared`;
    return { ok: false, problems: [{ path, message: `${message}: calls are refused with 403 edge-not-entitled` }] };
  }
  if (!isEdge(budget)) {
    const zero = budget.vector.int === 0 ? 'int' : 'ptr';
    return ok([step('edge', 'int = 0 or ptr = 0: not entitled', `${zero} = 0`, '403 edge-not-entitled')]);
  }
  const edges = edgesByService(input).get(serviceName) ?? [];
  const figures = serviceFigures(service, edges, input.services.get(serviceName), input.offeredRps);
  const edge = figures.edges.find((one) => one.budget.workload === workload);
  if (!edge) throw new Error(`budget ${path} of a checked mesh has no workload`);
  const nodeCount = Math.max(1, input.nodes.length);
  const explained = { input, service, figures, edge, nodeCount, plan: planEdge(input, edge, nodeCount) };
  return ok([
    ...explainCapacity(explained),
    ...explainRate(explained),
    explainConcurrency(explained),
    ...explainNode(explained),
  ]);
}

const ok = (value: DerivationStep[]): Checked<DerivationStep[]> => ({ ok: true, value, warnings: [] });

function explainCapacity({ input, service, figures }: ExplainedEdge): DerivationStep[] {
  const observed = input.services.get(service.name);
  return [
    step(
      'K',
      'min(declared rps, learned rps)',
      `min(${num(service.capacity.rps)}, ${num(observed?.learnedRps)})`,
      figures.capacityRps === null
        ? 'unknown: no rate limit'
        : `${num(figures.capacityRps)} calls/s (${source(service.capacity.rps, figures.capacityRps)})`,
    ),
    step(
      'N',
      'min(declared concurrency, limit of the overload controller)',
      `min(${num(service.capacity.concurrency)}, ${num(observed?.concurrencyLimit)})`,
      figures.concurrency === null
        ? 'unknown'
        : `${num(figures.concurrency)} calls in flight (${source(service.capacity.concurrency, figures.concurrency)}${
            observed?.trimming ? ', overloaded: shared out by priority' : ''
          })`,
    ),
  ];
}

const source = (declared: number | null, value: number): string => (declared === value ? 'declared' : 'learned');

function explainRate({ input, service, figures, edge, plan }: ExplainedEdge): DerivationStep[] {
  const { rate, budget } = edge;
  if (!rate || figures.capacityRps === null) return [];
  const of = (value: (one: EdgeFigures) => number | undefined): string =>
    list(figures.edges.map((one) => `${one.budget.workload} ${num(value(one))}`));
  const weights = of((one) => one.workload.weight);
  const { int } = budget.vector;
  const { offeredRps, demandRps } = edgeDemands(
    figures.capacityRps,
    edgesByService(input).get(service.name) ?? [],
    input.offeredRps,
  );
  const own = figures.edges.indexOf(edge);
  const demands = list(figures.edges.map((one, i) => `${one.budget.workload} ${num(demandRps[i])}`));
  const unlimited = plan.limitRps === null ? '; int is not set, so it only takes part and is not limited' : '';
  return [
    step(
      'asked',
      'C_int · K (int not set counts 1)',
      `${num(int ?? 1)} · ${num(figures.capacityRps)}`,
      `${num(rate.askedRps)} calls/s`,
    ),
    step(
      'guarantee',
      'wf(K, C_int·K, w)',
      `wf(${num(figures.capacityRps)}, [${of((one) => one.rate?.askedRps)}], w [${weights}])`,
      `${num(rate.guaranteeRps)} calls/s${unlimited}`,
    ),
    step(
      'demand',
      'min(C_int·K, max(1.25·offered, 0.1·guarantee))',
      `min(${num(rate.askedRps)}, max(1.25·${num(offeredRps[own])}, 0.1·${num(rate.guaranteeRps)}))`,
      `${num(demandRps[own])} calls/s`,
    ),
    step(
      'limit',
      'wf(K, d, w); what is left first fills every edge to its guarantee, then to C_int·K',
      `wf(${num(figures.capacityRps)}, [${demands}], w [${weights}])`,
      plan.limitRps === null ? 'none: int is not set' : `${num(plan.limitRps)} calls/s`,
    ),
    step(
      'burst',
      'σ = max(25, 0.2 s · guarantee)',
      `max(25, 0.2·${num(rate.guaranteeRps)})`,
      `${num(rate.burst)} calls`,
    ),
  ];
}

function explainConcurrency(explained: ExplainedEdge): DerivationStep {
  const { input, service, figures, edge } = explained;
  const observed = input.services.get(service.name);
  const total = num(figures.concurrency);
  if (!edge.concurrency) return step('N_e', 'nothing known: no limit', 'N and guarantee unknown', 'unlimited');
  const result = `${edge.concurrency.calls} calls in flight`;
  switch (edge.concurrency.rule) {
    case 'share': {
      const pointed = figures.edges.filter((one) => one.budget.vector.ptr !== null);
      const asked = list(
        pointed.map(
          (one) => `${one.budget.workload} ${num((one.budget.vector.ptr ?? 0) * (figures.concurrency ?? 0))}`,
        ),
      );
      const weights = list(pointed.map((one) => `${one.budget.workload} ${num(one.workload.weight)}`));
      return step('N_e', 'max(1, ⌊wf(N, C_ptr·N, w)⌋)', `max(1, ⌊wf(${total}, [${asked}], w [${weights}])⌋)`, result);
    }
    case 'little': {
      const baseline = observed?.baselineLatencyMs ?? null;
      const little =
        baseline === null ? '1024, R0 unknown' : `⌈1.5·${num(edge.rate?.guaranteeRps)}·${num(baseline / 1000)} s⌉`;
      return step('N_e', '⌈1.5·guarantee·R0⌉, 1024 while R0 is unknown', little, result);
    }
    case 'whole':
      return step('N_e', 'all of N: ptr is not set', `⌊${total}⌋`, result);
    case 'shed': {
      const classes = list(figures.edges.map((one) => `${one.budget.workload} prio ${one.workload.prio}`));
      const needed = num(observed?.inFlight.get(edgeKey(edge.budget.workload, service.name)));
      return step(
        'N_e',
        'N by priority, the lowest cut first to 10 % of its N_e; within a class by weight',
        `N ${total}; ${classes}; needed lately ${needed}`,
        result,
      );
    }
  }
}
