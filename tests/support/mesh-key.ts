import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestKey } from './test-tokens.ts';
import type { Topology } from './topology.ts';

/** Header (0) or claims (1) of a token. */
export const partOf = (token: string, index: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());

/** The key that the control plane of this mesh signs with. */
export function meshKey(topology: Topology, kid: string): TestKey {
  const privateKey = createPrivateKey(readFileSync(join(topology.stateDir, 'control-plane', 'signing-key.pem')));
  const publicKey = createPublicKey(privateKey);
  const { x } = publicKey.export({ format: 'jwk' });
  return { kid, privateKey, publicKey, jwk: { kty: 'OKP', crv: 'Ed25519', x: String(x), kid } };
}
