import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { jetstreamManager } from '@nats-io/jetstream';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { after, before, describe, it } from 'mocha';
import { REVOCATION_LEEWAY_MS } from '../../../control-plane/state/keep-keys.ts';
import { KEY_LEAD_MS } from '../../../control-plane/state/key-rotation.ts';
import { type Clock, systemClock } from '../../../platform/clock.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { startTokens, type TokensFixture } from '../../support/tokens-fixture.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('tokens over control plane, store and two sidecars', () => {
  let mesh: TokensFixture;
  const everywhere = (token: string, wanted: string) =>
    Promise.all(mesh.sidecars.map((_, sidecar) => mesh.becomes(sidecar, token, wanted)));

  let shiftMs = 0;
  /** The system's clock, moved forward by hand where a test need not wait. */
  const clock: Clock = {
    monotonicMs: () => systemClock.monotonicMs() + shiftMs,
    wallMs: () => systemClock.wallMs() + shiftMs,
  };

  before(async () => {
    mesh = await startTokens({ sidecars: 2, clock });
  });
  after(() => mesh?.stop());

  it('refuse a revoked token on both sidecars within a second, and no other one', async () => {
    const bystander = await mesh.request();
    const latenciesMs: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const { token, grantId } = await mesh.request();
      await everywhere(token, 'ok');
      const commandMs = systemClock.monotonicMs();
      const refused = everywhere(token, 'token-revoked');
      await grpcCall(mesh.admin, mesh.admin.revokeToken, { grantId });
      latenciesMs.push(...(await refused).map((atMs) => atMs - commandMs));
    }
    assert.ok(Math.max(...latenciesMs) < 1000, `slowest ${Math.max(...latenciesMs)} ms`);
    await everywhere(bystander.token, 'ok');
  });

  it('refuse the token of a grant that was renewed, and take the new one', async () => {
    const old = await mesh.request();
    await everywhere(old.token, 'ok');
    const fresh = await mesh.renew(old.grantId);
    assert.equal(await mesh.reasonOf(0, fresh.token), 'ok');
    await everywhere(old.token, 'token-revoked');
    await everywhere(fresh.token, 'ok');
    await assert.rejects(mesh.renew(old.grantId), { code: status.NOT_FOUND });
    const many = await Promise.allSettled(Array.from({ length: 8 }, () => mesh.renew(fresh.grantId)));
    assert.equal(many.filter((each) => each.status === 'fulfilled').length, 1, 'a grant is renewed once');
  });

  it('rotate keys under traffic: tokens of both keys pass, and the old key goes with its last token', async () => {
    const keys = async () => (await grpcCall(mesh.admin, mesh.admin.listKeys, {})).keys;
    const kidOf = (token: string): unknown => decodeProtectedHeader(token).kid;
    const old = await mesh.request({ duration: { seconds: 60, nanos: 0 } });
    const rotated = await grpcCall(mesh.admin, mesh.admin.rotateKey, {});
    assert.deepEqual(
      rotated.keys.map(({ state }) => state),
      ['signing', 'next'],
    );
    assert.equal(
      kidOf((await mesh.request()).token),
      kidOf(old.token),
      'signed as before while sidecars hear of the next',
    );
    shiftMs += KEY_LEAD_MS;
    const fresh = await waitFor('the next key to sign', async () => {
      const { token } = await mesh.request();
      return kidOf(token) !== kidOf(old.token) && token;
    });
    assert.deepEqual([await mesh.reasonOf(0, fresh), await mesh.reasonOf(1, fresh)], ['ok', 'ok'], 'at once');
    await everywhere(old.token, 'ok');
    const jwks = createRemoteJWKSet(new URL(`http://127.0.0.1:${mesh.plane.restPort}/.well-known/jwks.json`));
    for (const token of [old.token, fresh]) await jwtVerify(token, jwks, { currentDate: new Date(clock.wallMs()) });
    shiftMs += 3_600_000 + 3000;
    await waitFor('the old key to go', async () => (await keys()).length === 1);
    await everywhere(old.token, 'token-signature');
    await everywhere((await mesh.request()).token, 'ok');
  });

  it('leave no trace of revocations in the store when the grants have ended by themselves', async () => {
    const connection = await mesh.nats.connect('control-plane');
    const { streams } = await jetstreamManager(connection);
    const revocations = async (): Promise<string[]> => {
      const { state } = await streams.info('KV_capmesh_keys', { subjects_filter: '$KV.capmesh_keys.revoked.>' });
      return Object.keys(state.subjects ?? {});
    };
    const { grantId } = await mesh.request();
    await grpcCall(mesh.admin, mesh.admin.revokeToken, { grantId });
    assert.ok((await revocations()).includes(`$KV.capmesh_keys.revoked.${grantId}`));
    shiftMs += 3_600_000 + REVOCATION_LEEWAY_MS + 2000;
    await waitFor('revocations to be forgotten', async () => (await revocations()).length === 0);
    await connection.close();
  });
});
