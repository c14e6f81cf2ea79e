import { nkeys } from '@nats-io/transport-node';
import { createNkey } from '../../platform/create-nkey.ts';
import { writePrivate } from '../../platform/write-private.ts';
import { readIfExists, type StateFolder } from '../state-folder.ts';

export interface NatsUser {
  /** File (0600) with the secret seed. */
  readonly seedFile: string;
  readonly publicKey: string;
}

/** The user of that name with its seed in the state folder; makes it unless it is there. */
export function ensureNatsUser(state: StateFolder, name: string): NatsUser {
  return ensureNatsUserAt(state.in('nats', `${name}.nkey`));
}

/** The user whose seed is in that file; makes it unless it is there. */
export function ensureNatsUserAt(seedFile: string): NatsUser {
  const stored = readIfExists(seedFile);
  if (stored !== null) {
    const publicKey = nkeys.fromSeed(new TextEncoder().encode(stored.trim())).getPublicKey();
    return { seedFile, publicKey };
  }
  const { seed, publicKey } = createNkey();
  writePrivate(seedFile, `${seed}\n`);
  return { seedFile, publicKey };
}
