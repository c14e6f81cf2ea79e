import type { AdmissionScene } from '../admission/admission-scene.ts';
import { admitGrant, type GrantDecision, type GrantRequest } from '../admission/admit-grant.ts';
import { type Grant, liveGrants } from '../admission/grant.ts';
import { type CachedToken, TokenCache } from '../admission/token-cache.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { sumLiveGrants } from '../capacity/live-capacity.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { checkClaims, type Revocations } from '../token/check-claims.ts';
import { issueToken, type TokenSigner } from '../token/issue-token.ts';
import { type TokenOutcome, tokenRefused } from '../token/token-claims.ts';
import type { VerifySignature } from '../token/verify-token.ts';

/** The key pair that tokens are signed and verified with. */
export interface TokenKey extends TokenSigner {
  readonly verify: VerifySignature;
}

export interface TokenServiceOptions {
  readonly config: MeshConfig;
  readonly key: TokenKey;
  /** Unique and not guessable; at most 64 printable characters. */
  readonly newGrantId: () => string;
}

export type TokenAnswer =
  | Extract<GrantDecision, { admitted: false }>
  | (Extract<GrantDecision, { admitted: true }> & { readonly token: string });

/** Generation of every account: nothing here outlives the process, so none is ever raised. */
const GENERATION = 1;
/** Verified tokens that are kept. */
const TOKENS_MAX = 10_000;
const NOTHING_REVOKED: Revocations = { generationOf: () => GENERATION, isRevoked: () => false };

/** Admits grants into accounts in memory, signs their tokens and verifies them again (CONTRACT §E). */
export class TokenService {
  readonly #options: TokenServiceOptions;
  readonly #accounts = new Map<string, readonly Grant[]>();
  readonly #tokens: TokenCache;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
    const { kid, verify } = options.key;
    this.#tokens = new TokenCache({ verify, keyOf: () => kid }, TOKENS_MAX);
  }

  /**
   * Throws a RangeError for a workload that is not declared.
   *
   * @param scene what is decided by now
   */
  request(request: GrantRequest, scene: AdmissionScene, wallMs: number): TokenAnswer {
    const { config, key, newGrantId } = this.#options;
    const workload = config.workloads.get(request.workload);
    if (workload === undefined) throw new RangeError(`workloadId: workload "${request.workload}" is not declared`);
    const live = liveGrants(this.#accounts.get(workload.name) ?? [], wallMs);
    const decision = admitGrant(request, { scene, live, newGrantId, wallMs });
    if (!decision.admitted) return decision;
    this.#accounts.set(workload.name, [...live, decision.grant]);
    const { name, tenant, prio } = workload;
    const content = { mesh: config.mesh, workload: name, tenant, prio, generation: GENERATION, ...decision.grant };
    return { ...decision, token: issueToken(content, key) };
  }

  /** A token with its buckets, if it holds now. */
  read(text: string, wallMs: number): TokenOutcome<CachedToken> {
    const token = this.#tokens.read(text);
    if (!token.ok) return token;
    const invalid = checkClaims(token.value.claims, this.#options.config.mesh, NOTHING_REVOKED, wallMs);
    return invalid === null ? token : tokenRefused(invalid, 'the token does not hold now');
  }

  /** Σ of live grants by workload; forgets grants that have expired. */
  live(wallMs: number): Map<string, CapacityVector> {
    const sums = new Map<string, CapacityVector>();
    for (const [workload, grants] of this.#accounts) {
      const live = liveGrants(grants, wallMs);
      this.#accounts.set(workload, live);
      if (live.length > 0) sums.set(workload, sumLiveGrants(live.map(({ vector }) => vector)));
    }
    return sums;
  }
}
