import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { systemClock } from '../../../platform/clock.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { startTokens, type TokensFixture } from '../../support/tokens-fixture.ts';

describe('tokens over control plane, store and two sidecars', () => {
  let mesh: TokensFixture;
  const everywhere = (token: string, wanted: string) =>
    Promise.all(mesh.sidecars.map((_, sidecar) => mesh.becomes(sidecar, token, wanted)));

  before(async () => {
    mesh = await startTokens({ sidecars: 2, clock: systemClock });
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
});
