import type { EdgePlan } from '../allocators/capacity-plan.ts';
import type { PlanInput } from '../allocators/plan-input.ts';
import type { EdgeFigures, ServiceFigures } from '../allocators/service-figures.ts';
import type { ServiceConfig } from '../mesh/mesh-config.ts';

/** One edge with everything that its numbers are made of. */
export interface ExplainedEdge {
  readonly input: PlanInput;
  readonly service: ServiceConfig;
  readonly figures: ServiceFigures;
  readonly edge: EdgeFigures;
  readonly plan: EdgePlan;
  readonly nodeCount: number;
}
