import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { checkClaims, type Revocations } from '../../../../core/token/check-claims.ts';
import type { TokenClaims } from '../../../../core/token/token-claims.ts';
import { claimsOfA, ISSUED_AT } from '../../../support/test-tokens.ts';

const claims: TokenClaims = { ...claimsOfA, cap: UNLIMITED };
const issuedMs = ISSUED_AT * 1000;
const expiryMs = claims.exp * 1000;

const none: Revocations = { generationOf: () => 0, isRevoked: () => false };

describe('checkClaims (CONTRACT §A, §E)', () => {
  it('accepts a token from its nbf to its exp', () => {
    assert.equal(checkClaims(claims, 'shop', none, issuedMs), null);
    assert.equal(checkClaims(claims, 'shop', none, expiryMs), null);
  });

  it('forgives two seconds on either end and no more', () => {
    assert.equal(checkClaims(claims, 'shop', none, issuedMs - 2000), null);
    assert.equal(checkClaims(claims, 'shop', none, issuedMs - 2001), 'token-not-yet-valid');
    assert.equal(checkClaims(claims, 'shop', none, expiryMs + 1999), null);
    assert.equal(checkClaims(claims, 'shop', none, expiryMs + 2000), 'token-expired');
  });

  it('refuses the token of another mesh or issuer', () => {
    assert.equal(checkClaims(claims, 'bazaar', none, issuedMs), 'token-audience');
    assert.equal(checkClaims({ ...claims, iss: 'other' }, 'shop', none, issuedMs), 'token-signature');
  });

  it('refuses an older generation, not a newer one', () => {
    const atTwo: Revocations = { ...none, generationOf: (workload) => (workload === 'checkout' ? 2 : 0) };
    assert.equal(checkClaims(claims, 'shop', atTwo, issuedMs), 'token-revoked');
    assert.equal(checkClaims({ ...claims, gen: 2 }, 'shop', atTwo, issuedMs), null);
    assert.equal(checkClaims({ ...claims, gen: 3 }, 'shop', atTwo, issuedMs), null);
  });

  it('refuses a revoked grant', () => {
    const revoked: Revocations = { ...none, isRevoked: (jti) => jti === 'grant-a' };
    assert.equal(checkClaims(claims, 'shop', revoked, issuedMs), 'token-revoked');
    assert.equal(checkClaims({ ...claims, jti: 'grant-b' }, 'shop', revoked, issuedMs), null);
  });
});
