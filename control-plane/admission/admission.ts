import { type CapacityVector, UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import type { MeshConfig, WorkloadConfig } from '../../core/mesh/mesh-config.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Account, GRANTS_MAX, type Grant, liveGrants, withEvent } from '../state/account.ts';
import type { SigningKey } from '../state/key-store.ts';
import type { AccountChange } from '../state/ledger-store.ts';
import { type AdmissionDecision, decideAdmission } from './decide-admission.ts';
import { createSecret, hashSecret, matchesSecret } from './secrets.ts';
import { signToken } from './sign-token.ts';

/** The part of the ledger that admission needs. */
export interface Ledger {
  account(workload: string): Account;
  update<T>(workload: string, wallMs: number, change: (account: Account) => AccountChange<T>): Promise<T>;
}

/** Where revocations are told to the sidecars. */
export interface Revoker {
  publishGeneration(workload: string, generation: number): Promise<void>;
  revokeGrant(jti: string, expiresAtMs: number): Promise<void>;
}

export interface AdmissionDependencies {
  readonly ledger: Ledger;
  readonly revoker: Revoker;
  readonly signingKey: SigningKey;
  readonly config: () => MeshConfig;
  readonly view: () => MeshView;
  readonly clock: Clock;
  /** Unique and not guessable; at most 64 printable characters. */
  readonly newGrantId: () => string;
}

export interface CapacityRequest {
  readonly workload: string;
  readonly vector: CapacityVector;
  readonly durationMs: number;
}

export type CapacityAnswer =
  | {
      readonly admitted: true;
      readonly token: string;
      readonly grantId: string;
      readonly expiresAtMs: number;
      readonly conditional: boolean;
    }
  | (Extract<AdmissionDecision, { admitted: false }> & { readonly retryAfterMs: number });

export const DURATION_DEFAULT_MS = 3_600_000;
/** Grants end by themselves, so asking again makes sense after this time at the latest. */
const RETRY_AFTER_MAX_MS = 60_000;
const RETRY_AFTER_MIN_MS = 1000;

/** Who may have how much, and the proof of it (CONTRACT §E). */
export class Admission {
  readonly #deps: AdmissionDependencies;

  constructor(dependencies: AdmissionDependencies) {
    this.#deps = dependencies;
  }

  /** Whether `secret` is the workload's enrolment secret. */
  proves(workload: string, secret: string): boolean {
    return matchesSecret(secret, this.#deps.ledger.account(workload).enrolmentHash);
  }

  isEnrolled(workload: string): boolean {
    return this.#deps.ledger.account(workload).enrolmentHash !== null;
  }

  /** A new enrolment secret; it takes the place of the one before. `null` for a workload that is not declared. */
  async enrol(workload: string): Promise<string | null> {
    if (!this.#deps.config().workloads.has(workload)) {
      return null;
    }
    const secret = createSecret();
    const wallMs = this.#deps.clock.wallMs();
    await this.#deps.ledger.update(workload, wallMs, (account) => ({
      account: withEvent({ ...account, enrolmentHash: hashSecret(secret) }, 'enrolled', wallMs),
      result: undefined,
    }));
    return secret;
  }

  /** Makes all tokens of the workload void and drops its grants. Answers the new generation. */
  async revoke(workload: string): Promise<number> {
    const wallMs = this.#deps.clock.wallMs();
    const generation = await this.#deps.ledger.update(workload, wallMs, (account) => ({
      account: withEvent(
        { ...account, generation: account.generation + 1, grants: [] },
        `revoked: tokens below generation ${account.generation + 1} are refused`,
        wallMs,
      ),
      result: account.generation + 1,
    }));
    await this.#deps.revoker.publishGeneration(workload, generation);
    return generation;
  }

  /**
   * Admits and signs, or says why not. `null` for a workload that is not
   * declared. Claims hold whole seconds, as common verifiers compare: the grant
   * begins and ends at the full second outside of the duration asked for.
   */
  async request(request: CapacityRequest): Promise<CapacityAnswer | null> {
    const workload = this.#deps.config().workloads.get(request.workload);
    if (workload === undefined) {
      return null;
    }
    const wallMs = this.#deps.clock.wallMs();
    const outcome = await this.#deps.ledger.update(request.workload, wallMs, (account) =>
      this.#admitInto(account, request, wallMs),
    );
    return 'grantId' in outcome ? await this.#sign(workload, request, outcome) : outcome;
  }

  /**
   * Gives a grant back before it expires. Its token is revoked before the room
   * is free again, so that it is never used twice.
   */
  async release(workload: string, grantId: string): Promise<boolean> {
    const wallMs = this.#deps.clock.wallMs();
    const isGrant = (grant: Grant): boolean => grant.jti === grantId;
    const grant = liveGrants(this.#deps.ledger.account(workload), wallMs).find(isGrant);
    if (grant === undefined) return false;
    await this.#deps.revoker.revokeGrant(grantId, grant.expiresAtMs);
    return await this.#deps.ledger.update(workload, wallMs, (account) => {
      if (!account.grants.some(isGrant)) return { account: null, result: false };
      const grants = account.grants.filter((each) => !isGrant(each));
      return { account: withEvent({ ...account, grants }, `grant ${grantId} released`, wallMs), result: true };
    });
  }

  #admitInto(account: Account, request: CapacityRequest, wallMs: number): AccountChange<Admitted | Refused> {
    const live = liveGrants(account, wallMs);
    const { config, view, newGrantId } = this.#deps;
    const services = [...config().budgets.values()]
      .filter((budget) => budget.workload === request.workload)
      .map((budget) => budget.service);
    const decision =
      live.length >= GRANTS_MAX
        ? tooManyGrants
        : decideAdmission({
            workload: request.workload,
            asked: request.vector,
            live: live.map(({ vector }) => vector),
            view: view(),
            services,
          });
    if (!decision.admitted) {
      const nextEndMs = Math.min(...live.map(({ expiresAtMs }) => expiresAtMs - wallMs), RETRY_AFTER_MAX_MS);
      return { account: null, result: { ...decision, retryAfterMs: Math.max(nextEndMs, RETRY_AFTER_MIN_MS) } };
    }
    const grant = {
      jti: newGrantId(),
      vector: request.vector,
      issuedAtMs: 1000 * Math.floor(wallMs / 1000),
      expiresAtMs: 1000 * Math.ceil((wallMs + request.durationMs) / 1000),
    };
    const message = `grant ${grant.jti} admitted until ${new Date(grant.expiresAtMs).toISOString()}`;
    return {
      account: withEvent({ ...account, grants: [...live, grant] }, message, wallMs),
      result: {
        grantId: grant.jti,
        issuedAtMs: grant.issuedAtMs,
        generation: account.generation,
        expiresAtMs: grant.expiresAtMs,
        conditional: decision.conditional,
      },
    };
  }

  async #sign(workload: WorkloadConfig, request: CapacityRequest, admitted: Admitted): Promise<CapacityAnswer> {
    const token = await signToken(this.#deps.signingKey, {
      mesh: this.#deps.config().mesh,
      workload: workload.name,
      tenant: workload.tenant,
      prio: workload.prio,
      jti: admitted.grantId,
      generation: admitted.generation,
      issuedAtMs: admitted.issuedAtMs,
      expiresAtMs: admitted.expiresAtMs,
      vector: request.vector,
    });
    const { grantId, expiresAtMs, conditional } = admitted;
    return { admitted: true, token, grantId, expiresAtMs, conditional };
  }
}

interface Admitted {
  readonly grantId: string;
  readonly issuedAtMs: number;
  readonly generation: number;
  readonly expiresAtMs: number;
  readonly conditional: boolean;
}

type Refused = Extract<CapacityAnswer, { admitted: false }>;

const tooManyGrants: AdmissionDecision = {
  admitted: false,
  gatesFailed: [],
  bindingAxes: [],
  available: { ...UNLIMITED, int: 0, ptr: 0, obs: 0 },
  message: `the account holds ${GRANTS_MAX} live grants`,
};
