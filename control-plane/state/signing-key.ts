import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { writePrivate } from '../../platform/write-private.ts';

/** An Ed25519 key that one control-plane replica signs tokens with. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
}

/** Private keys of a replica in its state folder, mode 0600: the one that signs and, while it is rotated, the next one. */
export class SigningKeyFiles {
  readonly #current: string;
  readonly #next: string;

  constructor(stateDir: string) {
    this.#current = join(stateDir, 'signing-key.pem');
    this.#next = join(stateDir, 'signing-key.next.pem');
  }

  /** The key that signs; makes it unless it is there. */
  current(): Promise<SigningKey> {
    if (!existsSync(this.#current)) makeKey(this.#current);
    return readKey(this.#current);
  }

  /** The key of a rotation under way; `null` = none is. */
  async next(): Promise<SigningKey | null> {
    return existsSync(this.#next) ? await readKey(this.#next) : null;
  }

  makeNext(): Promise<SigningKey> {
    makeKey(this.#next);
    return readKey(this.#next);
  }

  /** The next key takes the place of the current one, whose private half is gone then. */
  promoteNext(): void {
    if (existsSync(this.#next)) renameSync(this.#next, this.#current);
  }
}

function makeKey(file: string): void {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  writePrivate(file, pem);
}

async function readKey(file: string): Promise<SigningKey> {
  chmodSync(file, 0o600);
  const privateKey = createPrivateKey(readFileSync(file));
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new Error(`${file} holds no Ed25519 key`);
  }
  const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' }) as JWK;
  const publicJwk = { kty, crv, x } as JWK;
  const kid = await calculateJwkThumbprint(publicJwk);
  return { kid, privateKey, publicJwk: { ...publicJwk, kid, alg: 'EdDSA', use: 'sig' } };
}
