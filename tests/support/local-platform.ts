import { sign } from 'node:crypto';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { CapacityPlatform } from '../../core/standalone/capacity-platform.ts';
import type { TokenKey } from '../../core/standalone/token-service.ts';
import { makeKey, type TestKey, verifierOf } from './test-tokens.ts';

const WALL_MS = 1_800_000_000_000;

export const tokenKey = (key: TestKey): TokenKey => ({
  kid: key.kid,
  sign: (input) => sign(null, Buffer.from(input), key.privateKey),
  verify: verifierOf(key),
});

/** A platform in this process with a clock that is moved by hand. */
export class LocalPlatform {
  readonly key = makeKey('k1');
  readonly platform: CapacityPlatform;
  nowMs = 0;
  #grants = 0;

  constructor(config: MeshConfig, operations: Readonly<Record<string, string>> = {}) {
    this.platform = new CapacityPlatform({
      config,
      key: tokenKey(this.key),
      newGrantId: () => `grant-${++this.#grants}`,
      operations,
      startedAt: this.now,
    });
  }

  get now() {
    return { nowMs: this.nowMs, wallMs: WALL_MS + this.nowMs };
  }

  /** A token of everything that the workload's budgets give. */
  token(workloadId: string): string {
    const answer = this.platform.requestCapacity({ workloadId }, this.now);
    if (!answer.admitted) throw new Error(answer.message);
    return answer.capacityToken;
  }

  /** Plays seconds of evenly spaced operations of fixed latency; answers how many were allowed in each. */
  play(seconds: number, token: string, operationType: string, callsPerSec: number, latencyMs = 20): number[] {
    return Array.from({ length: seconds }, () => {
      const startMs = this.nowMs;
      const running: { readonly endMs: number; readonly end: () => void }[] = [];
      const endUntil = (untilMs: number): void => {
        while (running[0] && running[0].endMs <= untilMs) {
          this.nowMs = running[0].endMs;
          running.shift()?.end();
        }
        this.nowMs = untilMs;
      };
      let allowed = 0;
      for (let call = 0; call < callsPerSec; call++) {
        endUntil(startMs + (1000 - latencyMs) * (call / callsPerSec));
        const result = this.platform.checkOperation({ token, operationType }, this.now);
        if (!result.allowed) continue;
        allowed += 1;
        const end = () => this.platform.settleOperation(result.operation, {}, this.now);
        running.push({ endMs: this.nowMs + latencyMs, end });
      }
      endUntil(startMs + 1000);
      this.platform.tick(this.now);
      return allowed;
    });
  }
}
