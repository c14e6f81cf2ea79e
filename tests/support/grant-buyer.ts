import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { requestCapacity } from '../../demo/services/request-capacity.ts';
import type { Topology } from './topology.ts';

const PAUSE_MS = 300;
const LIFETIME_SECONDS = 600;

/** A workload that asks for one grant after the other, whether or not somebody answers, until it is stopped. */
export class GrantBuyer {
  /** Tokens of the grants that were answered, in order. */
  readonly tokens: string[] = [];
  /** What was said where a grant was refused. */
  readonly refusals: string[] = [];
  readonly #topology: Topology;
  readonly #workload: string;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(topology: Topology, workload: string) {
    this.#topology = topology;
    this.#workload = workload;
    this.#run = this.#keepAsking();
  }

  /** Asks once more, now. */
  async buy(): Promise<void> {
    const secretFile = join(this.#topology.stateDir, 'credentials', `${this.#workload}.secret`);
    const answer = await requestCapacity({
      address: this.#topology.capacityAddress,
      workload: this.#workload,
      secret: readFileSync(secretFile, 'utf8').trim(),
      lifetimeSeconds: LIFETIME_SECONDS,
    });
    if (answer.admitted) this.tokens.push(answer.capacityToken);
    else this.refusals.push(answer.message);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  async #keepAsking(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // Nobody answers while a part that it takes is dead.
      await this.buy().catch(() => {});
      await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Id of the grant that a token proves. */
export function grantIdOf(token: string): string {
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  return jti;
}
