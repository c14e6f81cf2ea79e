import assert from 'node:assert/strict';
import { EMPTY_ACCOUNT } from '../../../../control-plane/state/account.ts';
import { publishOwed } from '../../../../control-plane/state/keep-keys.ts';

const WALL_MS = 1_800_000_000_000;

describe('publishOwed', () => {
  it('tells of every revocation that stands in an account and no sidecar was told of, while it matters', async () => {
    const told: unknown[] = [];
    const keys = {
      isRevoked: (jti: string) => jti === 'told',
      revokeGrant: async (jti: string, expiresAtMs: number) => void told.push([jti, expiresAtMs - WALL_MS]),
      ensureGeneration: async (workload: string, generation: number) => void told.push([workload, generation]),
    };
    const revoked = [
      { jti: 'told', expiresAtMs: WALL_MS + 1000 },
      { jti: 'owed', expiresAtMs: WALL_MS + 1000 },
      { jti: 'over', expiresAtMs: WALL_MS },
    ];
    const accounts = [
      ['checkout', { ...EMPTY_ACCOUNT, revoked }],
      ['batch', { ...EMPTY_ACCOUNT, generation: 3 }],
    ] as const;
    await publishOwed(accounts, keys, WALL_MS);
    assert.deepEqual(told, [
      ['owed', 1000],
      ['batch', 3],
    ]);
  });
});
