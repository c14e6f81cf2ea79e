import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import type { AdmissionScene } from './admission-scene.ts';
import { type AdmissionAssessment, type AdmissionDecision, assessAdmission } from './decide-admission.ts';
import { GRANTS_MAX, type Grant } from './grant.ts';

export interface GrantRequest {
  readonly workload: string;
  readonly vector: CapacityVector;
  readonly durationMs: number;
}

/** What a request is decided by. */
export interface GrantScope {
  readonly scene: AdmissionScene;
  /** Live grants of the workload's account. */
  readonly live: readonly Grant[];
  /** Unique and not guessable; at most 64 printable characters. */
  readonly newGrantId: () => string;
  readonly wallMs: number;
}

export type GrantRefusal = Extract<AdmissionDecision, { admitted: false }> & { readonly retryAfterMs: number };

/** A decision with what it was made on; `null` where nothing was predicted. */
interface Assessed {
  readonly assessment: AdmissionAssessment | null;
}

export type GrantDecision =
  | (Assessed & {
      readonly admitted: true;
      readonly grant: Grant;
      /** Some gate is UNKNOWN. */
      readonly conditional: boolean;
    })
  | (Assessed & GrantRefusal);

/** Grants end by themselves, so asking again makes sense after this time at the latest. */
const RETRY_AFTER_MAX_MS = 60_000;
const RETRY_AFTER_MIN_MS = 1000;
/** A gate that fails passes again after five good ticks at the earliest, and loads are seen over about as long (MATHS §B6). */
const GATE_AFTER_MS = 5000;

/** A new grant for the account, or why there is none (CONTRACT §E). */
export function admitGrant(request: GrantRequest, scope: GrantScope): GrantDecision {
  if (scope.live.length >= GRANTS_MAX) {
    return { ...tooManyGrants, retryAfterMs: roomAfterMs(scope), assessment: null };
  }
  return judgeRequest(request, scope);
}

/** Decides as if there were room for any number of grants. */
export function judgeRequest({ workload, vector, durationMs }: GrantRequest, scope: GrantScope): GrantDecision {
  const { scene, live } = scope;
  const assessment = assessAdmission({ workload, asked: vector, live: live.map((grant) => grant.vector), scene });
  const { decision, account } = assessment;
  if (!decision.admitted) {
    const gateAfterMs = decision.gatesFailed.length > 0 ? GATE_AFTER_MS : 0;
    const retryAfterMs = Math.max(account.admitted ? 0 : roomAfterMs(scope), gateAfterMs);
    return { ...decision, retryAfterMs, assessment };
  }
  const { conditional } = decision;
  return { admitted: true, conditional, grant: createGrant(vector, durationMs, scope), assessment };
}

/**
 * Claims hold whole seconds, as common verifiers compare: the grant begins and
 * ends at the full second outside of the duration asked for.
 */
export const createGrant = (
  vector: CapacityVector,
  durationMs: number,
  { newGrantId, wallMs }: Pick<GrantScope, 'newGrantId' | 'wallMs'>,
): Grant => ({
  jti: newGrantId(),
  vector,
  issuedAtMs: 1000 * Math.floor(wallMs / 1000),
  expiresAtMs: 1000 * Math.ceil((wallMs + durationMs) / 1000),
});

/** Until the first of the grants ends by itself, in reasonable bounds. */
function roomAfterMs({ live, wallMs }: GrantScope): number {
  const nextEndMs = live.reduce((next, { expiresAtMs }) => Math.min(next, expiresAtMs - wallMs), RETRY_AFTER_MAX_MS);
  return Math.max(nextEndMs, RETRY_AFTER_MIN_MS);
}

const tooManyGrants: Extract<AdmissionDecision, { admitted: false }> = {
  admitted: false,
  gatesFailed: [],
  bindingAxes: [],
  available: { ...UNLIMITED, int: 0, ptr: 0, obs: 0 },
  message: `the account holds ${GRANTS_MAX} live grants`,
};
