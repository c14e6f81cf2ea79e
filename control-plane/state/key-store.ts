import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KV } from '@nats-io/kv';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** The Ed25519 key that one control-plane replica signs tokens with. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
}

/** Reads `signing-key.pem` (mode 0600) from the state folder, or makes it. */
export async function loadSigningKey(stateDir: string): Promise<SigningKey> {
  const file = join(stateDir, 'signing-key.pem');
  if (!existsSync(file)) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(`${file}.new`, pem, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
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

/**
 * What sidecars check tokens with, in the bucket `capmesh_keys`: `jwk.<kid>` =
 * public JWK, `gen.<workload>` = generation, `revoked.<jti>` = expiry of a
 * revoked grant, UTC milliseconds. Writing the same again is harmless.
 */
export class KeyStore {
  readonly #kv: KV;

  constructor(kv: KV) {
    this.#kv = kv;
  }

  async publishKey(key: SigningKey): Promise<void> {
    await this.#kv.put(`jwk.${key.kid}`, JSON.stringify(key.publicJwk));
  }

  async publishGeneration(workload: string, generation: number): Promise<void> {
    await this.#kv.put(`gen.${workload}`, JSON.stringify(generation));
  }

  /** Publishes a generation that a crash may have kept from being published. */
  async ensureGeneration(workload: string, generation: number): Promise<void> {
    const entry = await this.#kv.get(`gen.${workload}`);
    const known = entry?.operation === 'PUT' ? Number(entry.string()) : 0;
    if (known < generation) await this.publishGeneration(workload, generation);
  }

  async revokeGrant(jti: string, expiresAtMs: number): Promise<void> {
    await this.#kv.put(`revoked.${jti}`, JSON.stringify(expiresAtMs));
  }

  /** Forgets revocations whose grants have expired; `leewayMs` is kept on top. */
  async dropExpiredRevocations(wallMs: number, leewayMs: number): Promise<number> {
    let dropped = 0;
    for await (const key of await this.#kv.keys('revoked.*')) {
      const entry = await this.#kv.get(key);
      if (entry?.operation === 'PUT' && Number(entry.string()) + leewayMs < wallMs) {
        await this.#kv.purge(key);
        dropped += 1;
      }
    }
    return dropped;
  }
}
