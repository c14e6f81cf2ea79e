import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { type CapacityRequester, requestCapacity } from './request-capacity.ts';

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
/** A token is renewed when this share of its life is over. */
const RENEW_AT = 0.7;

export interface CapacityTokenOptions extends CapacityRequester {
  readonly onProblem?: (message: string) => void;
}

/** Holds a capacity token for one workload and renews it before it expires. */
export class CapacityToken {
  private readonly options: CapacityTokenOptions;
  private readonly abort = new AbortController();
  private current: Readonly<Record<string, string>> = {};

  private constructor(options: CapacityTokenOptions) {
    this.options = options;
  }

  /** Resolves with the first token; keeps asking while the Capacity API is away or refuses. */
  static async obtain(options: CapacityTokenOptions): Promise<CapacityToken> {
    const token = new CapacityToken(options);
    await token.renew({ ref: true });
    void token.keep();
    return token;
  }

  /** Headers for a call; the same object until the token changes. */
  headers = (): Readonly<Record<string, string>> => this.current;

  close(): void {
    this.abort.abort();
  }

  private async keep(): Promise<void> {
    const renewMs = this.options.lifetimeSeconds * 1000 * RENEW_AT;
    while (!this.abort.signal.aborted) {
      await this.pause(renewMs, false);
      await this.renew({ ref: false });
    }
  }

  /** `ref` keeps the process alive for it: nothing else does while there is no token yet. */
  private async renew({ ref }: { readonly ref: boolean }): Promise<void> {
    for (let retryMs = RETRY_MIN_MS; !this.abort.signal.aborted; retryMs = Math.min(retryMs * 2, RETRY_MAX_MS)) {
      try {
        const answer = await requestCapacity(this.options);
        if (answer.admitted) {
          this.current = { 'x-capacity-token': answer.capacityToken };
          return;
        }
        this.options.onProblem?.(`${this.options.workload}: not admitted: ${answer.message}`);
      } catch (error) {
        this.options.onProblem?.(`${this.options.workload}: ${(error as ServiceError).message}`);
      }
      await this.pause(retryMs, ref);
    }
  }

  private async pause(ms: number, ref: boolean): Promise<void> {
    await delay(ms, undefined, { signal: this.abort.signal, ref }).catch(() => {});
  }
}
