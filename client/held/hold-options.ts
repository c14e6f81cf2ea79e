import type {
  AdmittedCapacity,
  CapacityRequest,
  CapacityResponse,
  NotAdmitted,
  RenewRequest,
} from '../capacity-request.ts';
import type { CapmeshError } from '../capmesh-error.ts';

/** Whom a `HeldCapacity` asks: a `CapmeshClient`. */
export interface GrantSource {
  readonly address: string;
  requestCapacity(request: CapacityRequest): Promise<CapacityResponse>;
  renew(request: RenewRequest): Promise<CapacityResponse>;
  release(grant: Pick<RenewRequest, 'workloadId' | 'grantId'>): Promise<boolean>;
}

/** What a workload can act on while it is not admitted: do less, in larger batches, with fewer retries. */
export type CapacityAdvice = Pick<NotAdmitted, 'gatesFailed' | 'message'>;

export interface HoldOptions {
  readonly onAdvice?: ((advice: CapacityAdvice) => void) | undefined;
}

export interface LostGrant {
  readonly grantId: string;
  /** `revoked`: the control plane does not know it any more; `expired`: it could not be renewed before its end. */
  readonly reason: 'revoked' | 'expired';
}

export interface HeldEvents {
  /** A token is held: the first, or one in the place of another. */
  renewed: [AdmittedCapacity];
  /** Asked and not admitted; asked again by itself. What is held stays held until its end. */
  refused: [NotAdmitted];
  /** Could not ask; asked again by itself after so many ms. */
  failed: [CapmeshError, number];
  /** The grant that was held is no more. A new one is asked for. */
  lost: [LostGrant];
  /** Nothing is held any more, and nothing asked for. */
  closed: [];
}
