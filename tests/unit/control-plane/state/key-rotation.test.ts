import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signToken as signAsControlPlane } from '../../../../control-plane/admission/sign-token.ts';
import { KEY_LEAD_MS, KEYS_PUBLISHED_MAX, KeyRotation } from '../../../../control-plane/state/key-rotation.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { checkFixture, readAnswer, withToken } from '../../../support/check-fixture.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryKeys } from '../../../support/memory-stores.ts';
import { ISSUED_AT } from '../../../support/test-tokens.ts';

describe('KeyRotation', () => {
  let stateDir: string;
  let store: MemoryKeys;
  let lastGrantEndMs: number;
  let clock: ReturnType<typeof manualClock>;
  const open = () => KeyRotation.open({ stateDir, store, clock, lastGrantEndMs: () => lastGrantEndMs });
  const states = (rotation: KeyRotation) => rotation.list().map(({ kid, state }) => [kid, state]);
  /** Rotates to the end of the lead and through the switch. */
  const rotated = async (rotation: KeyRotation): Promise<void> => {
    assert.equal(await rotation.rotate(), true);
    clock.advance(KEY_LEAD_MS);
    await rotation.advance();
  };

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'capmesh-keys-'));
    store = new MemoryKeys();
    lastGrantEndMs = 0;
    clock = manualClock(ISSUED_AT * 1000);
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));

  it('publishes the next key first and signs with it only when its time has come', async () => {
    const rotation = await open();
    const first = rotation.current.kid;
    await rotation.rotate();
    const [, next] = rotation.list();
    assert.equal(next?.signsFromMs, clock.wallMs() + KEY_LEAD_MS);
    assert.equal(statSync(join(stateDir, 'signing-key.next.pem')).mode & 0o777, 0o600);
    clock.advance(KEY_LEAD_MS - 1);
    await rotation.advance();
    assert.deepEqual(
      [rotation.current.kid, states(rotation)],
      [
        first,
        [
          [first, 'signing'],
          [next?.kid, 'next'],
        ],
      ],
    );
    clock.advance(1);
    await rotation.advance();
    assert.deepEqual(
      [rotation.current.kid, states(rotation)],
      [
        next?.kid,
        [
          [first, 'retiring'],
          [next?.kid, 'signing'],
        ],
      ],
    );
  });

  it('keeps the old public key until the last token that it signed has ended, with leeway, and then drops it', async () => {
    const rotation = await open();
    const first = rotation.current.kid;
    lastGrantEndMs = clock.wallMs() + 600_000;
    await rotated(rotation);
    assert.equal(store.published.get(first)?.endsAtMs, lastGrantEndMs + 2000);
    clock.advance(592_000);
    await rotation.advance();
    assert.ok(store.published.has(first));
    clock.advance(1);
    await rotation.advance();
    assert.deepEqual([...store.published.keys()], [rotation.current.kid]);
  });

  it('is one rotation however often it is asked for while one is under way', async () => {
    const rotation = await open();
    await Promise.all([rotation.rotate(), rotation.rotate()]);
    await rotation.rotate();
    assert.equal(store.published.size, 2);
  });

  it('refuses to rotate where sidecars might not hold all keys', async () => {
    const rotation = await open();
    lastGrantEndMs = clock.wallMs() + 3_600_000;
    for (let each = 1; each < KEYS_PUBLISHED_MAX; each += 1) await rotated(rotation);
    assert.equal(await rotation.rotate(), false);
    assert.equal(existsSync(join(stateDir, 'signing-key.next.pem')), false);
  });

  it('takes up a rotation after a restart and waits its whole time again', async () => {
    const before = await open();
    const first = before.current.kid;
    await before.rotate();
    clock.advance(KEY_LEAD_MS - 1);
    const after = await open();
    assert.deepEqual(
      after.list().map(({ state }) => state),
      ['signing', 'next'],
    );
    clock.advance(1);
    await after.advance();
    assert.equal(after.current.kid, first);
    clock.advance(KEY_LEAD_MS);
    await after.advance();
    const { kid } = after.current;
    assert.notEqual(kid, first);
    assert.equal((await open()).current.kid, kid);
  });

  it('tells the sidecars until when the old key is good as soon as the store is back, and is not undone by a restart', async () => {
    const rotation = await open();
    const first = rotation.current.kid;
    await rotation.rotate();
    store.away = true;
    clock.advance(KEY_LEAD_MS);
    await assert.rejects(rotation.advance(), /away/);
    store.away = false;
    assert.deepEqual([store.published.get(first)?.endsAtMs, states(rotation)[0]], [null, [first, 'retiring']]);
    assert.equal((await open()).current.kid, first, 'the old private key is there until the store knows');
    await rotation.advance();
    assert.notEqual(store.published.get(first)?.endsAtMs, null);
    assert.equal((await open()).current.kid, rotation.current.kid);
  });

  it('leaves keys of other replicas alone, but for those whose time is over', async () => {
    const rotation = await open();
    const other = { jwk: {}, signsFromMs: 0 };
    store.published.set('theirs', { ...other, kid: 'theirs', endsAtMs: null });
    store.published.set('over', { ...other, kid: 'over', endsAtMs: clock.wallMs() });
    clock.advance(60_000);
    await rotation.advance();
    assert.ok(store.published.has('over'), 'its clock may be behind by a minute');
    clock.advance(1);
    await rotation.advance();
    assert.deepEqual(states(rotation), [
      [rotation.current.kid, 'signing'],
      ['theirs', 'signing'],
    ]);
    assert.deepEqual(
      rotation.list().map(({ own }) => own),
      [true, false],
    );
  });

  describe('at a sidecar', () => {
    const judge = (fixture: ReturnType<typeof checkFixture>, token: string): string => {
      const answer = readAnswer(fixture.authorizer.answer(withToken(token)));
      return answer.admitted ? 'ok' : (answer.body.reason ?? '');
    };
    const token = (rotation: KeyRotation, jti: string): string =>
      signAsControlPlane(rotation.current, {
        mesh: 'shop',
        workload: 'checkout',
        tenant: 'shop',
        prio: 7,
        jti,
        generation: 1,
        issuedAtMs: ISSUED_AT * 1000,
        expiresAtMs: ISSUED_AT * 1000 + 600_000,
        vector: UNLIMITED,
      });
    const hear = ({ keys }: ReturnType<typeof checkFixture>): void => {
      for (const { kid, jwk } of store.keys()) keys.setKey(kid, jwk);
    };

    it('tokens of both keys pass during the overlap, and none of the old key after it', async () => {
      const sidecar = checkFixture();
      const rotation = await open();
      lastGrantEndMs = ISSUED_AT * 1000 + 600_000;
      const old = token(rotation, 'old');
      const first = rotation.current.kid;
      await rotated(rotation);
      hear(sidecar);
      const fresh = token(rotation, 'fresh');
      assert.deepEqual([judge(sidecar, old), judge(sidecar, fresh)], ['ok', 'ok']);
      sidecar.keys.deleteKey(first);
      assert.deepEqual([judge(sidecar, old), judge(sidecar, fresh)], ['token-signature', 'ok']);
    });

    it('a sidecar that hears late, within the lead, never meets a token that it cannot verify', async () => {
      const late = checkFixture();
      const rotation = await open();
      hear(late);
      await rotation.rotate();
      for (let ms = 0; ms < KEY_LEAD_MS; ms += 1000) {
        await rotation.advance();
        assert.equal(judge(late, token(rotation, `at-${ms}`)), 'ok', `${ms} ms into the rotation`);
        clock.advance(1000);
      }
      hear(late);
      await rotation.advance();
      assert.equal(judge(late, token(rotation, 'after')), 'ok');
      const deaf = checkFixture();
      assert.equal(judge(deaf, token(rotation, 'deaf')), 'token-signature', 'which it would without the lead');
    });
  });
});
