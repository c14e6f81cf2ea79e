import { nkeys } from '@nats-io/transport-node';

export interface Nkey {
  /** For nats.conf. */
  readonly publicKey: string;
  /** Secret: goes into a file with mode 0600 and nowhere else. */
  readonly seed: string;
}

/** A new NATS user. */
export function createNkey(): Nkey {
  const user = nkeys.createUser();
  return { publicKey: user.getPublicKey(), seed: new TextDecoder().decode(user.getSeed()) };
}
