import { actionWords, explanation, figure, largerShare, type RefusalExplanation } from './refusal-explanation.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

/** `breaker-open`: Envoy's circuit breaker, which keeps no numbers; what holds now is told. */
export function explainBreaker(question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { workload, service } = question;
  const limit = scene.edge?.maxRequests ?? null;
  const most = limit === null ? 'as many calls as its breaker allows' : `${limit} calls`;
  const inFlight = scene.service === null ? '' : ` (${figure(scene.service.inFlight)} of all callers are now)`;
  const [action] = scene.actions;
  return explanation({
    facts: `${workload} may have ${most} in flight to ${service} on each node and had all of them${inFlight}`,
    ...breakerAdvice(question, scene),
    limitedBy: action === undefined ? 'budget ptr' : `gate ${action.gate}`,
    figures: { limit, used: limit, unit: 'calls in flight' },
  });
}

function breakerAdvice({ workload, service }: RefusalQuestion, { actions, budget }: RefusalScene) {
  const [action] = actions;
  if (action !== undefined) {
    return { advice: `${actionWords(action)} holds it there, see`, command: `capmesh why ${action.id}` };
  }
  const larger = largerShare(budget?.ptr ?? null);
  if (larger === null) {
    return { advice: 'how that comes about is shown by', command: `capmesh explain ${workload} ${service}` };
  }
  return {
    advice: `answer faster, or raise ${workload}'s budget with`,
    command: `capmesh budget set ${workload} ${service} --ptr ${larger}`,
  };
}
