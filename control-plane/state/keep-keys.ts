import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeyRotation } from './key-rotation.ts';
import type { KeyStore } from './key-store.ts';

const EVERY_MS = 500;
const FORGET_EVERY_MS = 60_000;
/** A revocation is kept this long after the grant's expiry, for clocks that are late. */
export const REVOCATION_LEEWAY_MS = 60_000;

/** Rotates keys and forgets revocations when they are due; answers how to stop that. */
export function keepKeys(rotation: KeyRotation, keys: KeyStore, clock: Clock, logger: Logger): () => void {
  let forgottenMs = clock.monotonicMs();
  let underWay = false;
  const work = async (): Promise<void> => {
    await rotation.advance();
    if (clock.monotonicMs() - forgottenMs < FORGET_EVERY_MS) return;
    forgottenMs = clock.monotonicMs();
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
