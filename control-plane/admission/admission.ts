import type { AdmissionRecord } from '../../core/admission/admission-ledger.ts';
import { admissionRecord } from '../../core/admission/admission-record.ts';
import type { AdmissionScene } from '../../core/admission/admission-scene.ts';
import { admitGrant, type GrantDecision, type GrantRequest } from '../../core/admission/admit-grant.ts';
import { type AdmissionAssessment, assessAdmission } from '../../core/admission/decide-admission.ts';
import { type Grant, liveGrants } from '../../core/admission/grant.ts';
import { grantGauge } from '../../core/admission/grant-gauge.ts';
import { renewGrant } from '../../core/admission/renew-grant.ts';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import type { MeshConfig, WorkloadConfig } from '../../core/mesh/mesh-config.ts';
import type { Clock } from '../../platform/clock.ts';
import type { QuorumOutcome } from '../leader/ledger-quorum.ts';
import { type Account, TAKING_BACK_EVENTS_MAX, withEvent } from '../state/account.ts';
import type { AccountChange } from '../state/ledger-store.ts';
import type { SigningKey } from '../state/signing-key.ts';
import { isGrant, refuseTooManyRevoked, undoGrant, withoutGrant } from './account-grants.ts';
import { type CapacityRefusal, quorumRefusal } from './quorum-refusal.ts';
import { createSecret, hashSecret, matchesSecret } from './secrets.ts';
import { signToken } from './sign-token.ts';

/** The part of the ledger that admission needs. */
export interface Ledger {
  workloads(): string[];
  account(workload: string): Account;
  /** Reads an account anew, for what others have written into it. */
  refresh(workload: string): Promise<void>;
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
  /** Signs now. */
  readonly signingKey: () => SigningKey;
  readonly config: () => MeshConfig;
  /** What is decided by now. */
  readonly scene: () => AdmissionScene;
  /** Told of every decision that gates had a part in, to be judged by what comes of it. */
  readonly note: (record: AdmissionRecord) => void;
  /** Waits until enough replicas of the control plane have what was written into an account (C_gauge, CONTRACT §D). */
  readonly agreed: (workload: string, gauge: number) => Promise<QuorumOutcome>;
  readonly clock: Clock;
  /** Unique and not guessable; at most 64 printable characters. */
  readonly newGrantId: () => string;
}

export type CapacityAnswer =
  | {
      readonly admitted: true;
      readonly token: string;
      readonly grantId: string;
      readonly expiresAtMs: number;
      readonly conditional: boolean;
    }
  | CapacityRefusal;

/** A grant that was taken away before its end. */
export interface RevokedGrant {
  readonly workload: string;
  /** When it would have ended, UTC milliseconds. */
  readonly expiresAtMs: number;
}

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
      account: withEvent({ ...account, enrolmentHash: hashSecret(secret) }, 'enrolled', wallMs, TAKING_BACK_EVENTS_MAX),
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
        TAKING_BACK_EVENTS_MAX,
      ),
      result: account.generation + 1,
    }));
    await this.#deps.revoker.publishGeneration(workload, generation);
    return generation;
  }

  /** What would be answered to a request now, and on what grounds. `null` for a workload that is not declared. */
  assess(workload: string, asked: CapacityVector): AdmissionAssessment | null {
    const { config, ledger, clock, scene } = this.#deps;
    if (!config().workloads.has(workload)) return null;
    const live = liveGrants(ledger.account(workload).grants, clock.wallMs()).map(({ vector }) => vector);
    return assessAdmission({ workload, asked, live, scene: scene() });
  }

  /** Admits and signs, or says why not. `null` for a workload that is not declared. */
  async request(request: GrantRequest): Promise<CapacityAnswer | null> {
    const workload = this.#deps.config().workloads.get(request.workload);
    if (workload === undefined) {
      return null;
    }
    const { ledger, clock } = this.#deps;
    const grantId = this.#deps.newGrantId();
    // A request may wait for its turn: its duration begins when it is admitted.
    const outcome = await ledger.update(request.workload, clock.wallMs(), (account) =>
      this.#admitInto(account, request, grantId, clock.wallMs()),
    );
    const missing = await this.#missingAgreement(outcome, request.workload);
    if (missing !== null) return missing;
    const record = admissionRecord(request.workload, request.vector, outcome, this.#deps.newGrantId);
    if (record !== null) this.#deps.note(record);
    return outcome.admitted ? this.#sign(workload, outcome) : outcome;
  }

  /**
   * A new grant in the place of a live one, in one write: neither are both counted
   * nor is none. Without a vector it is that of the old grant. `null` for a workload
   * that is not declared or holds no such grant.
   */
  async renew(request: RenewRequest): Promise<CapacityAnswer | null> {
    const workload = this.#deps.config().workloads.get(request.workload);
    if (workload === undefined) return null;
    const wallMs = this.#deps.clock.wallMs();
    await this.#findGrant(request.workload, request.grantId, wallMs);
    const renewed = await this.#deps.ledger.update(request.workload, wallMs, (account) =>
      this.#renewIn(account, request, wallMs),
    );
    if (renewed === null) return null;
    const { outcome, vector, replaced } = renewed;
    const missing = await this.#missingAgreement(outcome, request.workload, replaced);
    if (missing !== null) return missing;
    const record = admissionRecord(request.workload, vector, outcome, this.#deps.newGrantId);
    if (record !== null) this.#deps.note(record);
    if (!outcome.admitted) return outcome;
    await this.#deps.revoker.revokeGrant(replaced.jti, replaced.expiresAtMs);
    return this.#sign(workload, outcome);
  }

  /** Gives a grant back before it expires. */
  async release(workload: string, grantId: string): Promise<boolean> {
    refuseTooManyRevoked(this.#deps.ledger.account(workload), this.#deps.clock.wallMs());
    return (await this.#takeBack(workload, grantId, 'released')) !== null;
  }

  /** Takes the grant of one token away, whosever it is. `null` where no account holds it. */
  async revokeGrant(grantId: string): Promise<RevokedGrant | null> {
    const { ledger } = this.#deps;
    const holder = ledger.workloads().find((workload) => ledger.account(workload).grants.some(isGrant(grantId)));
    if (holder === undefined) return null;
    const grant = await this.#takeBack(holder, grantId, 'revoked');
    return grant === null ? null : { workload: holder, expiresAtMs: grant.expiresAtMs };
  }

  /**
   * Drops a grant from its account. Its token is revoked before the room is free
   * again, so that it is never used twice.
   */
  async #takeBack(workload: string, grantId: string, how: 'released' | 'revoked'): Promise<Grant | null> {
    const wallMs = this.#deps.clock.wallMs();
    const grant = await this.#findGrant(workload, grantId, wallMs);
    if (grant === undefined) return null;
    await this.#deps.revoker.revokeGrant(grantId, grant.expiresAtMs);
    return await this.#deps.ledger.update<Grant | null>(workload, wallMs, (account) => {
      if (!account.grants.some(isGrant(grantId))) return { account: null, result: null };
      const without = withoutGrant(account, grant, wallMs);
      const message = `grant ${grantId} ${how}`;
      return { account: withEvent(without, message, wallMs, TAKING_BACK_EVENTS_MAX), result: grant };
    });
  }

  /** Another replica may have written it a moment ago, and be known here only by its answer. */
  async #findGrant(workload: string, grantId: string, wallMs: number): Promise<Grant | undefined> {
    const { ledger } = this.#deps;
    const find = (): Grant | undefined => liveGrants(ledger.account(workload).grants, wallMs).find(isGrant(grantId));
    const known = find();
    if (known !== undefined) return known;
    await ledger.refresh(workload);
    return find();
  }

  /**
   * A grant is answered when enough replicas know it (C_gauge, CONTRACT §D); one
   * that they do not in time is undone, and nobody ever holds its token.
   *
   * @param replaced grant that made place; its token still passes, so it comes back
   */
  async #missingAgreement(
    outcome: Admitted | Refused,
    workload: string,
    replaced?: Grant,
  ): Promise<CapacityRefusal | null> {
    if (!outcome.admitted) return null;
    const { grant } = outcome;
    const gauge = grantGauge(this.#deps.config(), workload, grant.vector);
    if (gauge === null) return null;
    const agreement = await this.#deps.agreed(workload, gauge);
    if (agreement.reached) return null;
    const wallMs = this.#deps.clock.wallMs();
    await this.#deps.ledger.update(workload, wallMs, (account) => ({
      account: undoGrant(account, grant, replaced, wallMs),
      result: undefined,
    }));
    return quorumRefusal(grant, agreement);
  }

  #renewIn(account: Account, request: RenewRequest, wallMs: number): AccountChange<Renewed | null> {
    const live = liveGrants(account.grants, wallMs);
    const replaced = live.find(isGrant(request.grantId));
    if (replaced === undefined) return { account: null, result: null };
    refuseTooManyRevoked(account, wallMs);
    const vector = request.vector ?? replaced.vector;
    const { scene, newGrantId } = this.#deps;
    const decision = renewGrant({ ...request, vector }, replaced, { scene: scene(), live, newGrantId, wallMs });
    if (!decision.admitted) return { account: null, result: { outcome: decision, vector, replaced } };
    const { grant } = decision;
    const without = withoutGrant(account, replaced, wallMs);
    const message = `grant ${grant.jti} takes the place of ${replaced.jti} until ${new Date(grant.expiresAtMs).toISOString()}`;
    return {
      account: withEvent({ ...without, grants: [...without.grants, grant] }, message, wallMs),
      result: { outcome: { ...decision, generation: account.generation }, vector, replaced },
    };
  }

  #admitInto(
    account: Account,
    request: GrantRequest,
    grantId: string,
    wallMs: number,
  ): AccountChange<Admitted | Refused> {
    const live = liveGrants(account.grants, wallMs);
    const decision = admitGrant(request, { scene: this.#deps.scene(), live, newGrantId: () => grantId, wallMs });
    if (!decision.admitted) return { account: null, result: decision };
    const { grant } = decision;
    const message = `grant ${grant.jti} admitted until ${new Date(grant.expiresAtMs).toISOString()}`;
    return {
      account: withEvent({ ...account, grants: [...live, grant] }, message, wallMs),
      result: { ...decision, generation: account.generation },
    };
  }

  #sign(workload: WorkloadConfig, { grant, conditional, generation }: Admitted): CapacityAnswer {
    const { jti, issuedAtMs, expiresAtMs, vector } = grant;
    const token = signToken(this.#deps.signingKey(), {
      mesh: this.#deps.config().mesh,
      workload: workload.name,
      tenant: workload.tenant,
      prio: workload.prio,
      jti,
      generation,
      issuedAtMs,
      expiresAtMs,
      vector,
    });
    return { admitted: true, token, grantId: jti, expiresAtMs, conditional };
  }
}

export interface RenewRequest extends Omit<GrantRequest, 'vector'> {
  /** The grant that makes place. */
  readonly grantId: string;
  /** `null` = as much as it has now. */
  readonly vector: CapacityVector | null;
}

interface Renewed {
  readonly outcome: Admitted | Refused;
  readonly vector: CapacityVector;
  readonly replaced: Grant;
}

type Refused = Extract<GrantDecision, { admitted: false }>;
type Admitted = Extract<GrantDecision, { admitted: true }> & { readonly generation: number };
