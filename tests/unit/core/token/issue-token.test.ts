import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeBase64url } from '../../../../core/token/decode-base64url.ts';
import { encodeBase64url } from '../../../../core/token/encode-base64url.ts';
import { issueToken } from '../../../../core/token/issue-token.ts';
import { verifyToken } from '../../../../core/token/verify-token.ts';
import { tokenKey } from '../../../support/local-platform.ts';
import { claimsOfA, ISSUED_AT, makeKey, signToken, verifierOf } from '../../../support/test-tokens.ts';

const CONTENT = {
  mesh: 'shop',
  workload: 'checkout',
  tenant: 'shop',
  prio: 7,
  jti: 'grant-a',
  generation: 1,
  issuedAtMs: 1000 * ISSUED_AT,
  expiresAtMs: 1000 * (ISSUED_AT + 3600),
  vector: { geo: null, int: 0.5, gauge: null, ptr: 0.5, obs: null },
};

describe('issueToken (CONTRACT §E)', () => {
  const key = makeKey('k1');

  it('says what the worked example says, signed', () => {
    const token = issueToken(CONTENT, tokenKey(key));
    assert.equal(token, signToken(key, claimsOfA));
    const verified = verifyToken(token, verifierOf(key));
    assert.deepEqual(verified.ok && verified.value.claims.cap, CONTENT.vector);
    assert.equal(verifyToken(token, verifierOf(makeKey('k1'))).ok, false);
  });

  it('keeps every name, whatever its characters', () => {
    const token = issueToken({ ...CONTENT, jti: 'ä→😀' }, tokenKey(key));
    const payload = token.split('.')[1] ?? '';
    assert.equal(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')).jti, 'ä→😀');
  });
});

describe('base64url (RFC 4648 §5)', () => {
  it('is what Node writes, and can be read again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64url(bytes);
        assert.equal(text, Buffer.from(bytes).toString('base64url'));
        assert.deepEqual(decodeBase64url(text), bytes);
      }),
    );
  });
});
