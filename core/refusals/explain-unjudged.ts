import { explanation, figure, type RefusalExplanation } from './refusal-explanation.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

const DOCTOR = { advice: 'see what is not reachable with', command: 'capmesh doctor' };
const EDGE_UNKNOWN = 'its safe share of calls that cannot be checked';

/** `mesh-degraded`: the sidecar knew too little, or Envoy could not ask it and the safe share was used up. */
export function explainDegraded(
  { workload, service, record }: RefusalQuestion,
  scene: RefusalScene,
): RefusalExplanation {
  if (record !== null) {
    return explanation({
      facts: `the sidecar of ${record.node} knew neither limit nor use of ${workload}/${service}, as it had not heard its lease and the keys of the mesh yet`,
      ...DOCTOR,
      limitedBy: 'sidecar',
    });
  }
  const guarantee = scene.edge?.guaranteeRps ?? null;
  const safeRps = guarantee === null ? null : guarantee / scene.nodeCount;
  const safe = safeRps === null ? EDGE_UNKNOWN : `its safe share of ${figure(safeRps)}/s a node`;
  return explanation({
    facts: `Envoy could not ask its sidecar about a call of ${workload}/${service}, and all of ${safe} was used`,
    ...DOCTOR,
    limitedBy: 'safe share',
    figures: { limit: safeRps, used: safeRps, unit: 'calls/s' },
  });
}

/** `internal`: a fault of Capmesh's own. */
export function explainInternal({ workload, service, record }: RefusalQuestion): RefusalExplanation {
  const facts =
    record === null
      ? `Envoy had nobody to judge a call of ${workload}/${service}: its sidecar is not reachable and the service is closed then, or its route is not there yet`
      : `the sidecar of ${record.node} failed while it judged a call of ${workload}/${service}, and no limit was looked at; its log says why`;
  return explanation({ facts, ...DOCTOR, limitedBy: record === null ? 'Envoy' : 'sidecar' });
}

/** `estimate-invalid`: what the caller says of its call is no number. */
export function explainEstimate({ workload, service, record }: RefusalQuestion): RefusalExplanation {
  const { cpu = '', memoryMb = '' } = record?.estimate ?? {};
  const said = [
    ...(cpu === '' ? [] : [`x-capacity-cpu: ${cpu}`]),
    ...(memoryMb === '' ? [] : [`x-capacity-memory-mb: ${memoryMb}`]),
  ].join(' and ');
  return explanation({
    facts: `a call of ${workload}/${service} said ${said || 'something'}, which is no decimal number from 0 to 1000000000 and was counted as 0 of its load`,
    advice: 'which load the edge may have is shown by',
    command: `capmesh explain ${workload} ${service}`,
    limitedBy: 'load estimates',
  });
}
