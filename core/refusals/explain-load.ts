import { explanation, figure, largerShare, type RefusalExplanation } from './refusal-explanation.ts';
import type { LoadCause } from './refusal-record.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

const UNITS: Readonly<Record<string, string>> = { cpu: 'CPU-ms', memory: 'MiB', calls: 'open calls' };
/** Which share of the budget a resource follows (CONTRACT §D). */
const AXES: Readonly<Record<string, 'int' | 'ptr'>> = { cpu: 'int', memory: 'ptr' };

/** `load-exhausted`: a share of CPU, of memory, or the calls that can be kept open. */
export function explainLoad(question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { workload, service, record } = question;
  const load = record?.load;
  if (record === null || load === undefined) {
    return explanation({
      facts: `no sidecar remembers a call of ${workload}/${service} that did not fit into its share of load`,
      advice: 'what the share is now is shown by',
      command: `capmesh explain ${workload} ${service}`,
      limitedBy: 'load estimates',
    });
  }
  const unit = UNITS[load.resource] ?? '';
  const needs = `a call of ${workload} to ${service} needed ${figure(load.needed)} ${unit}${corrected(load)}`;
  const held = `of the ${figure(load.limit)} ${unit} that the edge has on ${record.node} ${figure(load.used)} were used`;
  return explanation({
    facts: `${needs}, and ${held}`,
    ...loadAdvice(question, scene, load),
    limitedBy: load.resource === 'calls' ? 'open calls' : `budget ${AXES[load.resource]}`,
    figures: { limit: load.limit, used: load.used, unit },
  });
}

const corrected = ({ needed, estimated }: LoadCause): string =>
  Math.abs(needed - estimated) < 1e-6 * estimated || needed === estimated
    ? ''
    : ` (${figure(estimated)} estimated, corrected by what earlier calls took)`;

function loadAdvice(
  { workload, service }: RefusalQuestion,
  { budget, nodeCount }: RefusalScene,
  { resource, limit, used, needed }: LoadCause,
) {
  const axis = AXES[resource];
  const share = axis === undefined ? null : (budget?.[axis] ?? null);
  const larger = limit > 0 ? largerShare(share, ((share ?? 0) * (used + needed)) / limit) : largerShare(share);
  if (larger !== null) {
    return {
      advice: `wait until it is free again, or raise ${workload}'s budget with`,
      command: `capmesh budget set ${workload} ${service} --${axis} ${larger}`,
    };
  }
  const parts = nodeCount > 1 ? `, ${nodeCount} nodes hold equal parts` : '';
  return {
    advice: `the budget gives no more${parts}, see how it comes about with`,
    command: `capmesh explain ${workload} ${service}`,
  };
}
