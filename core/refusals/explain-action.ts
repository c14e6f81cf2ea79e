import { actionWords, explanation, figure, type RefusalExplanation } from './refusal-explanation.ts';
import type { ShedCause } from './refusal-record.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

/** `workload-fenced`: an action keeps the workload away from the service altogether. */
export function explainFence({ workload, service }: RefusalQuestion, { actions }: RefusalScene): RefusalExplanation {
  const [fence] = actions;
  const figures = { limit: 0, used: 0, unit: 'calls/s' };
  if (fence === undefined) {
    return explanation({
      facts: `${workload} was fenced off ${service} (0 calls/s allowed) when it called, and is not any more`,
      advice: 'what happened is told by',
      command: `capmesh why ${service}`,
      limitedBy: 'gate isolation',
      figures,
    });
  }
  return explanation({
    facts: `${workload} may make 0 calls/s to ${service}, since it was seen to harm another tenant, by ${actionWords(fence)}`,
    advice: 'it ends by itself when the gate passes, or at once with',
    command: `capmesh actions cancel ${fence.id}`,
    limitedBy: `gate ${fence.gate}`,
    figures,
  });
}

/** `shed-priority`: calls of low priority, or retries, give way. */
export function explainShed(question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { workload, service, record } = question;
  const [action] = scene.actions;
  const by = action === undefined ? 'an action that has ended since' : actionWords(action);
  const shed = record?.shed;
  return explanation({
    facts: `${record === null || shed === undefined ? `calls of ${workload} to ${service} are shed` : shedWords(question, shed)}, by ${by}`,
    advice: 'call again later or at a higher priority, why it runs is told by',
    command: `capmesh why ${action?.id ?? service}`,
    limitedBy: `gate ${action?.gate ?? 'fit'}`,
    ...(shed !== undefined &&
      !isRetry(question) && { figures: { limit: shed.belowPrio, used: record?.prio ?? null, unit: 'priority' } }),
  });
}

const isRetry = ({ record }: RefusalQuestion): boolean => record?.retry === true && record.shed?.retries === true;

function shedWords(question: RefusalQuestion, { belowPrio, ratio }: ShedCause): string {
  const { workload, service, record } = question;
  if (isRetry(question)) {
    return `this call of ${workload} to ${service} was a second or later attempt, and those give way to first ones`;
  }
  const share = ratio >= 1 ? 'all' : `${figure(100 * ratio)} %`;
  return `this call of ${workload} to ${service} had priority ${record?.prio}, and ${share} of those below ${belowPrio} were shed on ${record?.node}`;
}
