import assert from 'node:assert/strict';
import { runFuzz } from '../../bench/fuzz/run-fuzz.ts';

const COUNT = 20_000;

describe('fuzzed tokens and check requests (CONTRACT §E, §F)', function () {
  this.timeout(60_000);

  it('none is admitted, none crashes, each is refused with a reason and its status', () => {
    const { reasons, allowed, ...result } = runFuzz({ count: COUNT, seed: 42 });
    const nothing = { admitted: 0, crashes: 0, malformed: 0, example: null };
    assert.deepEqual(result, { count: COUNT, seed: 42, ...nothing });
    const refused = Object.values(reasons).reduce((sum, each) => sum + each, 0);
    assert.equal(refused + allowed, COUNT);
    assert.ok(allowed > 0, 'a good token in a request that is bent elsewhere passes');
    const reached = [
      ...['token-missing', 'token-malformed', 'token-signature', 'token-expired', 'token-not-yet-valid'],
      ...['token-audience', 'token-revoked', 'edge-not-entitled', 'internal'],
    ];
    for (const reason of reached) assert.ok((reasons[reason] ?? 0) >= 10, `${reason}: ${reasons[reason]}`);
  });
});
