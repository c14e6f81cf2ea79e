import assert from 'node:assert/strict';
import {
  type Answer,
  batchToPayment,
  checkFixture,
  checkoutToPayment,
  checkRequest,
  edgeLease,
  leaseOf,
  readAnswer,
  withToken,
} from '../../support/check-fixture.ts';
import {
  claimsOfA,
  flipSignatureBit,
  ISSUED_AT,
  makeKey,
  signToken,
  signWithPublicKeyAsSecret,
  unsignedToken,
} from '../../support/test-tokens.ts';

const setUp = () => {
  const fixture = checkFixture();
  const check = (message: Buffer): Answer => readAnswer(fixture.authorizer.answer(message));
  const tokenA = signToken(fixture.key, claimsOfA);
  return { ...fixture, check, tokenA };
};

describe('Authorizer', () => {
  it('admits a valid call and overwrites workload and priority', () => {
    const { check, tokenA, ledger } = setUp();
    const answer = check(withToken(tokenA, { 'x-capacity-workload': 'spoofed' }));
    assert.ok(answer.admitted);
    assert.deepEqual(
      [...answer.headers],
      [
        ['x-capacity-workload', 'checkout'],
        ['x-capacity-priority', '7'],
      ],
    );
    assert.ok(answer.response.httpResponse?.$case === 'okResponse');
    assert.deepEqual(
      answer.response.httpResponse.value.headers.map(({ appendAction }) => appendAction),
      [2, 2],
    );
    assert.equal(ledger.find('checkout', 'payment')?.admitted, 1);
  });

  it('marks as many calls for the access log as the lease allows, refused ones too', () => {
    const { check, tokenA, ledger, clock } = setUp();
    const marks = (count: number, message: () => Buffer) => {
      clock.advance(10_000);
      const logged = Array.from({ length: count }, () => check(message()).response.dynamicMetadata?.log);
      return logged.filter((workload) => workload !== undefined);
    };
    const lease = (accessLogLinesPerSec: number) => {
      ledger.applyLease(leaseOf(2, [{ ...checkoutToPayment, rateRps: 1, burst: 5, accessLogLinesPerSec }]), 0);
    };
    lease(8);
    // Five calls are admitted, the others refused.
    assert.deepEqual(
      marks(12, () => withToken(tokenA)),
      Array(8).fill('checkout'),
    );
    lease(0);
    assert.deepEqual(
      marks(12, () => withToken(tokenA)),
      [],
    );
    assert.deepEqual(
      marks(2, () => checkRequest('payment', {})),
      ['~unverified', '~unverified'],
    );
  });

  it('lets a caller lower its priority, never raise it', () => {
    const { check, tokenA } = setUp();
    const prioFor = (wanted: string) =>
      check(withToken(tokenA, { 'x-capacity-priority': wanted })).headers.get('x-capacity-priority');
    assert.deepEqual(['2', '7', '9', '-1', '1.5', '', 'x', '٣'].map(prioFor), ['2', '7', '7', '7', '7', '7', '7', '7']);
  });

  const refusals: Record<string, [(fixture: ReturnType<typeof setUp>) => Buffer, number, string]> = {
    'no token': [() => checkRequest('payment', {}), 401, 'token-missing'],
    garbage: [() => withToken('garbage'), 401, 'token-malformed'],
    'a flipped signature bit': [({ tokenA }) => withToken(flipSignatureBit(tokenA)), 401, 'token-signature'],
    'another key': [() => withToken(signToken(makeKey('k1'), claimsOfA)), 401, 'token-signature'],
    'alg none': [({ key }) => withToken(unsignedToken(key, claimsOfA)), 401, 'token-signature'],
    'HS256 with our public key': [
      ({ key }) => withToken(signWithPublicKeyAsSecret(key, claimsOfA)),
      401,
      'token-signature',
    ],
    'an expired token': [
      ({ key }) => withToken(signToken(key, { ...claimsOfA, exp: ISSUED_AT - 2 })),
      401,
      'token-expired',
    ],
    'a token of later': [
      ({ key }) => withToken(signToken(key, { ...claimsOfA, nbf: ISSUED_AT + 3 })),
      401,
      'token-not-yet-valid',
    ],
    'another audience': [
      ({ key }) => withToken(signToken(key, { ...claimsOfA, aud: 'bazaar' })),
      401,
      'token-audience',
    ],
    'an older generation': [
      ({ keys, tokenA }) => {
        keys.setGeneration('checkout', 2);
        return withToken(tokenA);
      },
      401,
      'token-revoked',
    ],
    'a revoked grant': [
      ({ keys, tokenA }) => {
        keys.revoke('grant-a', (ISSUED_AT + 3600) * 1000);
        return withToken(tokenA);
      },
      401,
      'token-revoked',
    ],
    'no budget line': [
      ({ tokenA }) => checkRequest('inventory', { 'x-capacity-token': tokenA }),
      403,
      'edge-not-entitled',
    ],
    'a grant of nothing': [
      ({ key }) => withToken(signToken(key, { ...claimsOfA, cap: { int: 0 } })),
      403,
      'edge-not-entitled',
    ],
    'no service': [({ tokenA }) => checkRequest('', { 'x-capacity-token': tokenA }), 503, 'internal'],
    'a message that is none': [() => Buffer.from([0xff, 0xff]), 503, 'internal'],
  };
  for (const [name, [request, http, reason]] of Object.entries(refusals)) {
    it(`refuses ${name}: ${http} ${reason}`, () => {
      const fixture = setUp();
      const answer = fixture.check(request(fixture));
      assert.equal(answer.body.reason, reason);
      assert.equal(answer.http, http);
      assert.equal(answer.headers.get('x-capacity-denied'), reason);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.equal(answer.headers.has('retry-after'), http === 503);
      assert.equal(answer.body.id, 'r1');
      assert.ok(!answer.admitted && answer.response.status?.code !== 0);
    });
  }

  it('gives callers that speak gRPC their status in a header: 16, 7, 8, 14', () => {
    const { check, tokenA, key } = setUp();
    const grpc = { 'content-type': 'application/grpc+proto' };
    const statusOf = (answer: Answer) => answer.headers.get('grpc-status');
    assert.equal(statusOf(check(withToken('', grpc))), '16');
    assert.equal(statusOf(check(checkRequest('inventory', { ...grpc, 'x-capacity-token': tokenA }))), '7');
    const spent = signToken(key, { ...claimsOfA, sub: 'batch' });
    for (let call = 0; call < 25; call += 1) assert.ok(check(withToken(spent)).admitted);
    const refusal = check(withToken(spent, grpc));
    assert.equal(statusOf(refusal), '8');
    assert.equal(refusal.headers.has('content-type'), false);
    assert.equal(statusOf(check(checkRequest('', grpc))), '14');
    assert.equal(statusOf(check(withToken(spent))), undefined);
  });

  it('follows the worked example: 160 calls/s of token A (CONTRACT §I)', () => {
    const { check, tokenA, clock, ledger } = setUp();
    let firstRefusal: Answer | undefined;
    let firstRefusalMs = 0;
    const admittedIn = [0, 0, 0, 0];
    for (let call = 0; call < 640; call += 1) {
      const answer = check(withToken(tokenA));
      if (answer.admitted) admittedIn[Math.floor(call / 160)]! += 1;
      else if (firstRefusal === undefined) {
        firstRefusal = answer;
        firstRefusalMs = clock.monotonicMs();
      }
      clock.advance(1000 / 160);
    }
    assert.equal(firstRefusalMs, 968.75);
    assert.deepEqual(
      { ...firstRefusal?.body, message: '' },
      { reason: 'budget-exhausted', message: '', edge: 'checkout/payment', remaining: 0, retryAfterMs: 2, id: 'r1' },
    );
    assert.equal(firstRefusal?.http, 429);
    assert.equal(firstRefusal?.headers.get('retry-after'), '1');
    assert.equal(firstRefusal?.headers.get('ratelimit'), '"capacity";r=0;t=1');
    assert.equal(firstRefusal?.headers.get('ratelimit-policy'), '"capacity";q=133;w=1');
    assert.deepEqual(
      admittedIn.slice(1).toSorted((a, b) => a - b),
      [133, 133, 134],
    );
    const edge = ledger.find('checkout', 'payment');
    assert.equal(edge?.offered, 640);
    assert.equal(edge?.admitted, 640 - (edge?.refused.get('budget-exhausted') ?? 0));
  });

  it('charges nothing for a refusal: tokens beyond the edge do not drain each other', () => {
    const { check, key, clock } = setUp();
    const tokens = ['a', 'b', 'c'].map((jti) => signToken(key, { ...claimsOfA, jti, cap: {} }));
    let admitted = 0;
    for (let call = 0; call < 300; call += 1) {
      if (check(withToken(tokens[call % 3]!)).admitted) admitted += 1;
    }
    assert.equal(admitted, 53);
    clock.advance(1000);
    for (let call = 0; call < 300; call += 1) {
      if (check(withToken(tokens[0]!)).admitted) admitted += 1;
    }
    assert.equal(admitted, 53 + 53);
  });

  it('counts a call without token as the anonymous workload, and still refuses a bad token', () => {
    const { check, ledger, clock } = setUp();
    const anonymous = [{ service: 'payment', workload: 'batch', prio: 2 }];
    ledger.applyLease(leaseOf(2, [checkoutToPayment, batchToPayment], { anonymous }), clock.monotonicMs());
    const answer = check(withToken(''));
    assert.equal(answer.headers.get('x-capacity-workload'), 'batch');
    assert.equal(answer.headers.get('x-capacity-priority'), '2');
    assert.equal(check(withToken('bad')).body.reason, 'token-malformed');
    assert.equal(ledger.find('batch', 'payment')?.admitted, 1);
  });

  it('falls to the safe share when the lease runs out, and back with the next word', () => {
    const { check, tokenA, key, clock, hearControlPlane } = setUp();
    const tokenZ = signToken(key, { ...claimsOfA, cap: {} });
    const burstNow = () => {
      let admitted = 0;
      while (check(withToken(tokenZ)).admitted) admitted += 1;
      return admitted;
    };
    assert.ok(check(withToken(tokenA)).admitted);
    clock.advance(36_000);
    assert.equal(burstNow(), 53);
    clock.advance(36_000);
    assert.equal(burstNow(), 20);
    hearControlPlane();
    assert.equal(burstNow(), 0);
    clock.advance(1000);
    assert.equal(burstNow(), 53);
  });

  it('refuses everything with mesh-degraded until it knows enough to judge', () => {
    let ready = false;
    const { authorizer, key } = checkFixture({ isReady: () => ready });
    const message = withToken(signToken(key, claimsOfA));
    const refusal = readAnswer(authorizer.answer(message));
    assert.deepEqual(
      [refusal.http, refusal.body.reason, refusal.headers.get('retry-after')],
      [503, 'mesh-degraded', '1'],
    );
    ready = true;
    assert.ok(readAnswer(authorizer.answer(message)).admitted);
  });

  it('denies rather than fails when judging breaks', () => {
    const broken = () => {
      throw new Error('broken');
    };
    const { authorizer, key } = checkFixture({ isReady: broken });
    assert.equal(readAnswer(authorizer.answer(withToken(signToken(key, claimsOfA)))).body.reason, 'internal');
  });

  it('drops a verified token when its key goes', () => {
    const { check, tokenA, keys } = setUp();
    assert.ok(check(withToken(tokenA)).admitted);
    keys.deleteKey('k1');
    assert.equal(check(withToken(tokenA)).body.reason, 'token-signature');
  });

  it('sheds and fences by overlay before it looks at any bucket', () => {
    const { check, tokenA, ledger } = setUp();
    const edge = ledger.find('checkout', 'payment')!;
    Object.assign(edge.overlay, { untilMs: Number.POSITIVE_INFINITY, shedBelowPrio: 5, shedRatio: 1 });
    assert.ok(check(withToken(tokenA)).admitted);
    const shed = check(withToken(tokenA, { 'x-capacity-priority': '4' }));
    assert.deepEqual([shed.http, shed.body.reason, shed.headers.get('retry-after')], [503, 'shed-priority', '1']);
    edge.overlay.fenced = true;
    assert.deepEqual(check(withToken(tokenA)).http, 403);
    assert.equal(check(withToken(tokenA)).body.reason, 'workload-fenced');
  });

  it('sheds retries by the attempt that the caller tells, and counts them', () => {
    const { check, tokenA, ledger } = setUp();
    const edge = ledger.find('checkout', 'payment')!;
    Object.assign(edge.overlay, { untilMs: Number.POSITIVE_INFINITY, shedRetries: true });
    assert.ok(check(withToken(tokenA, { 'x-capacity-attempt': '1' })).admitted);
    assert.equal(check(withToken(tokenA, { 'x-capacity-attempt': '2' })).body.reason, 'shed-priority');
    assert.equal(edge.retries, 1);
  });

  it('keeps at most as many verified tokens as it may', () => {
    const { authorizer, judge, key } = checkFixture({ tokensMax: 3 });
    for (let each = 0; each < 10; each += 1) {
      authorizer.answer(withToken(signToken(key, { ...claimsOfA, jti: `j${each}` })));
    }
    assert.equal(judge.tokenCount, 3);
  });

  it('limits no edge whose lease has no rate', () => {
    const { check, key, ledger, clock } = setUp();
    ledger.applyLease(leaseOf(2, [edgeLease({ workload: 'checkout', service: 'payment' })]), clock.monotonicMs());
    const token = signToken(key, claimsOfA);
    for (let call = 0; call < 500; call += 1) assert.ok(check(withToken(token)).admitted);
    assert.equal(check(withToken(signToken(key, { ...claimsOfA, sub: 'batch' }))).http, 403);
  });
});
