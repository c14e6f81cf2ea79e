import { explainFence, explainShed } from './explain-action.ts';
import { explainBreaker } from './explain-breaker.ts';
import { explainBudget } from './explain-budget.ts';
import { explainEntitlement } from './explain-entitlement.ts';
import { explainLoad } from './explain-load.ts';
import { explainToken } from './explain-token.ts';
import { explainDegraded, explainEstimate, explainInternal } from './explain-unjudged.ts';
import type { RefusalExplanation } from './refusal-explanation.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

/**
 * One sentence on a refused call – the edge, what limits it, how much of that was
 * used – and one command to run. Numbers of the moment are those that the sidecar
 * remembers; where Envoy itself refused there are none, and those of now stand.
 */
export function explainRefusal(question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { reason } = question;
  switch (reason) {
    case 'budget-exhausted':
      return explainBudget(question, scene);
    case 'load-exhausted':
      return explainLoad(question, scene);
    case 'estimate-invalid':
      return explainEstimate(question);
    case 'shed-priority':
      return explainShed(question, scene);
    case 'workload-fenced':
      return explainFence(question, scene);
    case 'edge-not-entitled':
      return explainEntitlement(question, scene);
    case 'breaker-open':
      return explainBreaker(question, scene);
    case 'mesh-degraded':
      return explainDegraded(question, scene);
    case 'internal':
      return explainInternal(question);
    default:
      return explainToken(reason, question, scene);
  }
}
