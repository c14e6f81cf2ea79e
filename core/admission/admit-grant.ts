import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import type { MeshView } from '../kernel/mesh-view.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { type AdmissionDecision, decideAdmission } from './decide-admission.ts';
import { GRANTS_MAX, type Grant } from './grant.ts';

export interface GrantRequest {
  readonly workload: string;
  readonly vector: CapacityVector;
  readonly durationMs: number;
}

/** What a request is decided by. */
export interface GrantScope {
  readonly config: MeshConfig;
  readonly view: MeshView;
  /** Live grants of the workload's account. */
  readonly live: readonly Grant[];
  /** Unique and not guessable; at most 64 printable characters. */
  readonly newGrantId: () => string;
  readonly wallMs: number;
}

export type GrantRefusal = Extract<AdmissionDecision, { admitted: false }> & { readonly retryAfterMs: number };

export type GrantDecision =
  | {
      readonly admitted: true;
      readonly grant: Grant;
      /** Some gate is UNKNOWN. */
      readonly conditional: boolean;
    }
  | GrantRefusal;

/** Grants end by themselves, so asking again makes sense after this time at the latest. */
const RETRY_AFTER_MAX_MS = 60_000;
const RETRY_AFTER_MIN_MS = 1000;

/**
 * A new grant for the account, or why there is none (CONTRACT §E). Claims hold
 * whole seconds, as common verifiers compare: the grant begins and ends at the
 * full second outside of the duration asked for.
 */
export function admitGrant({ workload, vector, durationMs }: GrantRequest, scope: GrantScope): GrantDecision {
  const { config, view, live, newGrantId, wallMs } = scope;
  const services = [...config.budgets.values()].flatMap((line) => (line.workload === workload ? [line.service] : []));
  const asked = { workload, asked: vector, live: live.map((grant) => grant.vector), view, services };
  const decision = live.length >= GRANTS_MAX ? tooManyGrants : decideAdmission(asked);
  if (!decision.admitted) {
    const nextEndMs = Math.min(...live.map(({ expiresAtMs }) => expiresAtMs - wallMs), RETRY_AFTER_MAX_MS);
    return { ...decision, retryAfterMs: Math.max(nextEndMs, RETRY_AFTER_MIN_MS) };
  }
  return {
    admitted: true,
    conditional: decision.conditional,
    grant: {
      jti: newGrantId(),
      vector,
      issuedAtMs: 1000 * Math.floor(wallMs / 1000),
      expiresAtMs: 1000 * Math.ceil((wallMs + durationMs) / 1000),
    },
  };
}

const tooManyGrants: AdmissionDecision = {
  admitted: false,
  gatesFailed: [],
  bindingAxes: [],
  available: { ...UNLIMITED, int: 0, ptr: 0, obs: 0 },
  message: `the account holds ${GRANTS_MAX} live grants`,
};
