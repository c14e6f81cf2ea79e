import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { AdmissionRecord } from './admission-ledger.ts';
import type { GrantDecision } from './admit-grant.ts';

/**
 * A decision as the prediction that it is. `null` where it predicts nothing: a
 * grant that the account cannot hold says nothing about gates.
 *
 * @param newId names a refusal; a grant has an id of its own
 */
export function admissionRecord(
  workload: string,
  asked: CapacityVector,
  decision: GrantDecision,
  newId: () => string,
): AdmissionRecord | null {
  const { assessment, admitted } = decision;
  if (assessment === null || (!admitted && decision.gatesFailed.length === 0)) return null;
  const ratios = assessment.services.flatMap(({ gates }) =>
    gates.flatMap(({ ratio }) => (ratio === null ? [] : [ratio])),
  );
  return {
    id: admitted ? decision.grant.jti : newId(),
    workload,
    asked,
    admitted,
    ratioMax: ratios.length === 0 ? null : Math.max(...ratios),
    services: assessment.services.map(({ service, thenRps }) => ({ service, thenRps })),
  };
}
