import { explanation, type RefusalExplanation } from './refusal-explanation.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

/** What a first budget may be; operators will know better. */
const FIRST_SHARE = 0.1;
const FIGURES = { limit: 0, used: 0, unit: 'calls/s' };

/** `edge-not-entitled`: no budget, one of 0, or a grant of 0. */
export function explainEntitlement(question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { workload, service, record } = question;
  if (record?.emptyAxis) {
    return explanation({
      facts: `the grant of ${workload}'s token has ${record.emptyAxis} 0, which allows 0 calls/s to ${service} and everything else`,
      advice: 'ask for another with',
      command: `capmesh token request ${workload}`,
      limitedBy: `grant ${record.emptyAxis}`,
      figures: FIGURES,
    });
  }
  const { budget } = scene;
  if (scene.service === null) {
    return explanation({
      facts: `${workload} called ${service}, which the mesh ${scene.mesh} does not declare, so 0 calls/s are allowed`,
      advice: 'which services there are is shown by',
      command: 'capmesh status',
      limitedBy: 'mesh',
      figures: FIGURES,
    });
  }
  const zero = budget?.int === 0 ? 'int' : budget?.ptr === 0 ? 'ptr' : null;
  if (budget !== null && zero === null) {
    return explanation({
      facts: `${workload} had no budget for ${service} in force${record === null ? '' : ` on ${record.node}`} when it called, so 0 calls/s were allowed; it has one now`,
      advice: 'call again with',
      command: `capmesh call ${workload} ${service}`,
      limitedBy: 'budget',
      figures: FIGURES,
    });
  }
  return explanation({
    facts: `${workload} has ${zero === null ? 'no budget' : `a budget with ${zero} 0`} for ${service}, so 0 calls/s are allowed`,
    advice: 'give it one with',
    command: `capmesh budget set ${workload} ${service} --${zero ?? 'int'} ${FIRST_SHARE}`,
    limitedBy: 'budget',
    figures: FIGURES,
  });
}
