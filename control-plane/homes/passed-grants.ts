import type { GrantRequest } from '../../core/admission/admit-grant.ts';
import { AXES } from '../../core/capacity/capacity-vector.ts';
import { GATES } from '../../core/gates/gate-state.ts';
import { vectorFromMessage, vectorToMessage } from '../../platform/mesh-message.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import {
  type DecidedGrant,
  DecidedGrants,
  type PassedGrant,
  PassedGrants,
} from '../../proto/gen/capmesh/v1/grant_passing.ts';
import type { GrantOutcome } from '../admission/admit-into.ts';

/** Why a message of another replica cannot be read. */
class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** @param untilMs UTC milliseconds after which nobody waits for it */
export function encodePassed(
  { workload, vector, durationMs }: GrantRequest,
  grantId: string,
  untilMs: number,
): Uint8Array {
  const capacityVector = vectorToMessage(vector);
  return PassedGrants.encode({
    grants: [{ grantId, workloadId: workload, capacityVector, durationMs, untilMs }],
  }).finish();
}

/** Throws where it breaks a rule of the message. */
export function decodePassed(data: Uint8Array): PassedGrant[] {
  const message = PassedGrants.decode(data);
  requireValid('capmesh.v1.PassedGrants', message);
  return message.grants;
}

export const requestOf = ({ workloadId, capacityVector, durationMs }: PassedGrant): GrantRequest => ({
  workload: workloadId,
  vector: vectorFromMessage(capacityVector),
  durationMs,
});

export const encodeDecided = (grantId: string, outcome: DecidedGrant['outcome']): Uint8Array =>
  DecidedGrants.encode({ grants: [{ grantId, outcome }] }).finish();

/** Throws where it breaks a rule of the message. */
export function decodeDecided(data: Uint8Array): DecidedGrant[] {
  const message = DecidedGrants.decode(data);
  requireValid('capmesh.v1.DecidedGrants', message);
  return message.grants;
}

export function outcomeMessage(outcome: GrantOutcome): DecidedGrant['outcome'] {
  if (outcome.admitted) {
    const { grant, conditional, generation } = outcome;
    const { issuedAtMs, expiresAtMs } = grant;
    return { $case: 'admitted', value: { generation, conditional, issuedAtMs, expiresAtMs } };
  }
  const { gatesFailed, bindingAxes, available, message, retryAfterMs } = outcome;
  return {
    $case: 'refused',
    value: {
      gatesFailed: [...gatesFailed],
      bindingAxes: [...bindingAxes],
      available: vectorToMessage(available),
      message,
      retryAfterMs,
    },
  };
}

/** What the home decided. It has told of its prediction itself, so there is none here. */
export function outcomeOf(
  outcome: Extract<NonNullable<DecidedGrant['outcome']>, { $case: 'admitted' | 'refused' }>,
  { vector }: GrantRequest,
  grantId: string,
): GrantOutcome {
  if (outcome.$case === 'admitted') {
    const { generation, conditional, issuedAtMs, expiresAtMs } = outcome.value;
    const grant = { jti: grantId, vector, issuedAtMs, expiresAtMs };
    return { admitted: true, grant, conditional, generation, assessment: null };
  }
  const { gatesFailed, bindingAxes, available, message, retryAfterMs } = outcome.value;
  return {
    admitted: false,
    gatesFailed: GATES.filter((gate) => gatesFailed.includes(gate)),
    bindingAxes: AXES.filter((axis) => bindingAxes.includes(axis)),
    available: vectorFromMessage(available),
    message,
    retryAfterMs,
    assessment: null,
  };
}

function requireValid(typeName: string, message: object): void {
  const [problem] = validateMessage(typeName, message);
  if (problem !== undefined) throw new UnreadableError(`${problem.path} ${problem.message}`);
}
