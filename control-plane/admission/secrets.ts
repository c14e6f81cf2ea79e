import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new secret of 256 random bits. */
export const createSecret = (): string => randomBytes(32).toString('base64url');

/** What is stored of a secret: SHA-256 is enough for 256 random bits. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares in constant time; a `hash` of `null` never matches. */
export function matchesSecret(secret: string, hash: string | null): boolean {
  const given = Buffer.from(hashSecret(secret), 'hex');
  const stored = Buffer.from(hash ?? '', 'hex');
  const comparable = stored.length === given.length ? stored : Buffer.alloc(given.length);
  return timingSafeEqual(given, comparable) && comparable === stored;
}
