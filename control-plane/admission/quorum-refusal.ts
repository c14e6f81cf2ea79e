import type { GrantRefusal } from '../../core/admission/admit-grant.ts';
import type { Grant } from '../../core/admission/grant.ts';
import type { QuorumOutcome } from '../leader/ledger-quorum.ts';

/** Why there is no grant. */
export interface CapacityRefusal extends GrantRefusal {
  /** Present where everything else would have admitted it: too few replicas of the control plane had it in time. */
  readonly reason?: 'quorum-timeout';
}

/** Replicas that fell silent come back, or are no members any more, some time later. */
const RETRY_AFTER_MS = 5000;

/** What is told of a grant that was undone. */
export const quorumRefusal = ({ vector }: Grant, { applied, needed }: QuorumOutcome): CapacityRefusal => ({
  admitted: false,
  reason: 'quorum-timeout',
  gatesFailed: [],
  bindingAxes: [],
  available: vector,
  message: `quorum-timeout: of ${needed} replicas of the control plane that have to know the grant ${applied} had it in time`,
  retryAfterMs: RETRY_AFTER_MS,
});
