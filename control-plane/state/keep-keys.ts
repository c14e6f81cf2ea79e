import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Account, unexpired } from './account.ts';
import type { KeyRotation } from './key-rotation.ts';
import type { KeyStore } from './key-store.ts';

const EVERY_MS = 500;
const TIDY_EVERY_MS = 60_000;
/** A revocation is kept this long after the grant's expiry, for clocks that are late. */
export const REVOCATION_LEEWAY_MS = 60_000;

/** Tells the sidecars what a crash, or a store that was away, may have kept from them. */
export async function publishOwed(
  accounts: Iterable<readonly [workload: string, account: Account]>,
  keys: Pick<KeyStore, 'ensureGeneration' | 'isRevoked' | 'revokeGrant'>,
  wallMs: number,
): Promise<void> {
  for (const [workload, { generation, revoked }] of accounts) {
    if (generation > 1) await keys.ensureGeneration(workload, generation);
    for (const { jti, expiresAtMs } of unexpired(revoked, wallMs)) {
      if (!keys.isRevoked(jti)) await keys.revokeGrant(jti, expiresAtMs);
    }
  }
}

export interface KeepKeysOptions {
  readonly rotation: KeyRotation;
  readonly keys: KeyStore;
  readonly accounts: () => Iterable<readonly [workload: string, account: Account]>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rotates keys and forgets revocations when they are due; answers how to stop that. */
export function keepKeys({ rotation, keys, accounts, clock, logger }: KeepKeysOptions): () => void {
  let tidiedMs = clock.monotonicMs();
  let underWay = false;
  const work = async (): Promise<void> => {
    await rotation.advance();
    if (clock.monotonicMs() - tidiedMs < TIDY_EVERY_MS) return;
    tidiedMs = clock.monotonicMs();
    await publishOwed(accounts(), keys, clock.wallMs());
    await keys.dropExpiredRevocations(clock.wallMs(), REVOCATION_LEEWAY_MS);
  };
  const timer = setInterval(() => {
    if (underWay) return;
    underWay = true;
    work()
      .catch((error: unknown) => logger.warn({ err: error }, 'keys could not be looked after, trying again'))
      .finally(() => {
        underWay = false;
      });
  }, EVERY_MS);
  return () => clearInterval(timer);
}
