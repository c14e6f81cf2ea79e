import { equal, notEqual } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createSecret, hashSecret, matchesSecret } from '../../../../control-plane/admission/secrets.ts';

describe('secrets', () => {
  it('have 256 bits and differ', () => {
    equal(Buffer.from(createSecret(), 'base64url').length, 32);
    notEqual(createSecret(), createSecret());
  });

  it('match their own hash only', () => {
    const secret = createSecret();
    equal(matchesSecret(secret, hashSecret(secret)), true);
    equal(matchesSecret(`${secret}x`, hashSecret(secret)), false);
    equal(matchesSecret('', hashSecret(secret)), false);
  });

  it('match nothing that is not stored or damaged', () => {
    for (const hash of [null, '', '00', '0'.repeat(64), 'not hex', hashSecret('').slice(0, 62)]) {
      equal(matchesSecret('', hash), false, String(hash));
    }
  });
});
