import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeBase64url } from '../../../../core/token/decode-base64url.ts';
import { readToken } from '../../../../core/token/read-token.ts';
import { TOKEN_LENGTH_MAX } from '../../../../core/token/token-claims.ts';
import { verifyToken } from '../../../../core/token/verify-token.ts';
import {
  claimsOfA,
  encodePart,
  flipSignatureBit,
  makeKey,
  signToken,
  signWithPublicKeyAsSecret,
  unsignedToken,
  verifierOf,
} from '../../../support/test-tokens.ts';

const ours = makeKey('k1');
const foreign = makeKey('k1');
const verify = verifierOf(ours);

const reasonOf = (token: string): string => {
  const outcome = verifyToken(token, verify);
  return outcome.ok ? 'ok' : outcome.reason;
};

describe('verifyToken (CONTRACT §E)', () => {
  it('reads the claims of a token of ours, absent axes as null', () => {
    const outcome = verifyToken(signToken(ours, claimsOfA), verify);
    assert.ok(outcome.ok);
    const cap = { geo: null, int: 0.5, gauge: null, ptr: 0.5, obs: null };
    assert.deepEqual(outcome.value, { kid: 'k1', claims: { ...claimsOfA, cap } });
  });

  it('reads an axis that is null as one that is absent', () => {
    const token = signToken(ours, { ...claimsOfA, cap: { ...claimsOfA.cap, geo: null } });
    const outcome = verifyToken(token, verify);
    assert.ok(outcome.ok);
    assert.equal(outcome.value.claims.cap.geo, null);
  });

  it('names the absence of a token', () => assert.equal(reasonOf(''), 'token-missing'));

  const good = signToken(ours, claimsOfA);
  const [head, body, signature] = good.split('.') as [string, string, string];
  const malformed: Record<string, string> = {
    garbage: 'garbage',
    'two parts': `${head}.${body}`,
    'four parts': `${good}.x`,
    'a padded part': `${head}.${body}=.${signature}`,
    'plain base64 characters': `${head}.${body}.${'+'.repeat(86)}`,
    'a second spelling of the signature': `${head}.${body}.${signature.slice(0, -1)}${bumped(signature.at(-1)!)}`,
    'a header that is no object': `${encodePart([1])}.${body}.${signature}`,
    'a payload that is no JSON': `${head}.${Buffer.from('{').toString('base64url')}.${signature}`,
    'broken UTF-8': `${head}.${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.${signature}`,
    'a token beyond the size bound': `${head}.${'A'.repeat(TOKEN_LENGTH_MAX)}.${signature}`,
  };
  for (const [name, token] of Object.entries(malformed)) {
    it(`calls ${name} malformed`, () => assert.equal(reasonOf(token), 'token-malformed'));
  }

  const forged: Record<string, string> = {
    'one flipped bit of the signature': flipSignatureBit(good),
    'another key under our kid': signToken(foreign, claimsOfA),
    'an unknown kid': signToken(makeKey('k2'), claimsOfA),
    'alg none': unsignedToken(ours, claimsOfA),
    'HS256 keyed with our public key': signWithPublicKeyAsSecret(ours, claimsOfA),
    'an HMAC that claims to be EdDSA': signWithPublicKeyAsSecret(ours, claimsOfA, 'EdDSA'),
    'our own signature under another alg': signToken(ours, claimsOfA, { alg: 'HS256' }),
    'our own signature under alg none': signToken(ours, claimsOfA, { alg: 'none' }),
    'another typ': signToken(ours, claimsOfA, { typ: 'JWT' }),
    'no kid': signToken(ours, claimsOfA, { kid: undefined }),
    'a crit header': signToken(ours, claimsOfA, { crit: ['b64'], b64: false }),
    'an empty signature': `${head}.${body}.`,
    'changed claims': `${head}.${encodePart({ ...claimsOfA, prio: 9 })}.${signature}`,
  };
  for (const [name, token] of Object.entries(forged)) {
    it(`calls ${name} a bad signature`, () => assert.equal(reasonOf(token), 'token-signature'));
  }

  const illTyped: Record<string, object> = {
    'no sub': { sub: undefined },
    'a reserved workload name': { sub: '~unverified' },
    'a fractional prio': { prio: 1.5 },
    'a prio above 9': { prio: 10 },
    'a negative gen': { gen: -1 },
    'exp as text': { exp: '1800003600' },
    'several audiences': { aud: ['shop'] },
    'no cap': { cap: undefined },
    'a share above 1': { cap: { int: 1.01 } },
    'a share that is text': { cap: { int: '1' } },
    'an empty jti': { jti: '' },
  };
  for (const [name, change] of Object.entries(illTyped)) {
    it(`calls signed claims with ${name} malformed`, () =>
      assert.equal(reasonOf(signToken(ours, { ...claimsOfA, ...change })), 'token-malformed'));
  }

  it('gives a reason for any text at all', () => {
    const parts = fc.array(fc.oneof(fc.base64String(), fc.json().map(encodePartOfText), fc.string()), { maxLength: 5 });
    fc.assert(
      fc.property(
        parts.map((texts) => texts.join('.')),
        (token) => assert.notEqual(reasonOf(token), 'ok'),
      ),
    );
  });

  it('reads nothing as signed before the signature is verified', () => {
    const outcome = readToken(good);
    assert.ok(outcome.ok);
    assert.equal(outcome.value.signingInput, `${head}.${body}`);
    assert.equal(outcome.value.signature.length, 64);
  });
});

describe('decodeBase64url', () => {
  it('agrees with Buffer on every canonical text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        assert.deepEqual(decodeBase64url(text), new Uint8Array(bytes));
      }),
    );
  });

  it('accepts only texts that Buffer would write', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgw_-09z=+ é') }), (text) => {
        const bytes = decodeBase64url(text);
        if (bytes !== null) assert.equal(Buffer.from(bytes).toString('base64url'), text);
      }),
    );
  });
});

function encodePartOfText(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** The last character of 64 signature bytes carries four unused bits. */
function bumped(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) + 1]!;
}
