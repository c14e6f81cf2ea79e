import { generateKeyPairSync, sign } from 'node:crypto';
import { pino } from 'pino';
import { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import { issueToken } from '../../core/token/issue-token.ts';
import { Authorizer } from '../../ext-authz/check/authorizer.ts';
import { CallJudge } from '../../ext-authz/check/call-judge.ts';
import { KeyRing } from '../../ext-authz/ledger/key-ring.ts';
import { EdgeLease, Lease } from '../../proto/gen/capmesh/v1/lease.ts';
import type { TokenMaterial } from './token-cases.ts';

/** The service that is asked for. */
export const SERVICE = 'payment';
const KID = 'k1';
const WALL_MS = 1_800_000_000_000;

/** The real code that judges calls, on a mesh of one edge without a limit, with tokens that it lets pass. */
export interface Subject {
  readonly answer: (message: Buffer) => Buffer;
  readonly material: TokenMaterial;
  /** Errors that were caught on the way and answered as `internal`. */
  readonly caught: () => number;
}

export function createSubject(): Subject {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const keys = new KeyRing();
  keys.setKey(KID, { kty: 'OKP', crv: 'Ed25519', x });
  keys.setGeneration('checkout', 1);
  keys.revoke('revoked', Number.MAX_SAFE_INTEGER);
  const ledger = new EdgeLedger(0);
  const edges = [EdgeLease.fromPartial({ workload: 'checkout', service: SERVICE, leaseMs: 60_000, budget: {} })];
  ledger.applyLease(Lease.fromPartial({ node: 'node-1', epoch: 1, seq: 1, edges }), 0);
  let caught = 0;
  const logger = pino({ level: 'error' }, { write: () => (caught += 1) });
  const clock = { monotonicMs: () => 0, wallMs: () => WALL_MS };
  const judge = new CallJudge({
    mesh: 'shop',
    ledger,
    keys,
    clock,
    lastWordMs: () => 0,
    isReady: () => true,
    noteRefusal: () => 'id',
    logger,
    tokensMax: 1000,
  });
  const authorizer = new Authorizer({ judge, node: 'node-1', instance: 'fuzz', clock });
  const vector = { geo: null, int: null, gauge: null, ptr: null, obs: null };
  const content = {
    mesh: 'shop',
    workload: 'checkout',
    tenant: 'shop',
    prio: 7,
    generation: 1,
    issuedAtMs: WALL_MS,
    expiresAtMs: WALL_MS + 3_600_000,
    vector,
  };
  const signer = { kid: KID, sign: (input: string) => sign(null, Buffer.from(input), privateKey) };
  const good = ['a', 'b'].map((jti) => issueToken({ ...content, jti }, signer));
  const claims = JSON.parse(Buffer.from(good[0]?.split('.')[1] ?? '', 'base64url').toString());
  return {
    answer: (message) => authorizer.answer(message),
    material: { kid: KID, privateKey, publicX: String(x), claims, good },
    caught: () => caught,
  };
}
