interface OracleLoad {
  readonly cpu: number;
  readonly memoryMb: number;
}

/** A call with what is set aside for it. */
export interface OracleCall extends OracleLoad {
  readonly estimate: OracleLoad;
  readonly freeAtMs: number;
}

/**
 * The rules of load estimates (CONTRACT §D) said in the plainest way: a list of
 * calls that is looked through from end to end, and one number for the bucket.
 */
export class LoadOracle<Id = number> {
  readonly open = new Map<Id, OracleCall>();
  level: number;
  timedOut = 0;
  #atMs = 0;
  readonly #cpuMsPerSec: number;
  readonly #memoryMiB: number;
  readonly #timeoutMs: number;
  readonly #seen = { cpu: [0, 0], memoryMb: [0, 0] } as Record<'cpu' | 'memoryMb', [number, number]>;

  constructor(cpuMsPerSec: number, memoryMiB: number, timeoutMs: number) {
    this.#cpuMsPerSec = cpuMsPerSec;
    this.#memoryMiB = memoryMiB;
    this.#timeoutMs = timeoutMs;
    this.level = cpuMsPerSec;
  }

  advance(nowMs: number): void {
    this.level = Math.min(this.#cpuMsPerSec, this.level + ((nowMs - this.#atMs) * this.#cpuMsPerSec) / 1000);
    this.#atMs = nowMs;
  }

  expire(nowMs: number): void {
    for (const [id, { freeAtMs }] of this.open) {
      if (freeAtMs > nowMs) continue;
      this.open.delete(id);
      this.timedOut += 1;
    }
  }

  held(): number {
    return [...this.open.values()].reduce((sum, { memoryMb }) => sum + memoryMb, 0);
  }

  /** What would be set aside for an estimate, or `null` where it does not fit. */
  fit(estimate: OracleLoad, nowMs: number): OracleCall | null {
    const cpu = Math.min(estimate.cpu * this.#scale('cpu'), this.#cpuMsPerSec);
    const memoryMb = Math.min(estimate.memoryMb * this.#scale('memoryMb'), this.#memoryMiB);
    if (cpu > this.level + 1e-9 || this.held() + memoryMb > this.#memoryMiB * (1 + 1e-9)) return null;
    return { cpu, memoryMb, estimate, freeAtMs: nowMs + this.#timeoutMs };
  }

  take(id: Id, call: OracleCall): void {
    this.level -= call.cpu;
    this.open.set(id, call);
  }

  /** False where no such call is open. */
  settle(id: Id, cost: { readonly cpu?: number | undefined; readonly memoryMb?: number | undefined }): boolean {
    const call = this.open.get(id);
    if (call === undefined) return false;
    this.open.delete(id);
    if (cost.cpu !== undefined) this.#charge(cost.cpu - call.cpu);
    for (const field of ['cpu', 'memoryMb'] as const) {
      const needed = cost[field];
      if (needed === undefined || call.estimate[field] === 0) continue;
      const seen = this.#seen[field];
      seen[0] = 0.98 * seen[0] + needed;
      seen[1] = 0.98 * seen[1] + call.estimate[field];
    }
    return true;
  }

  #charge(cpu: number): void {
    this.level = Math.min(this.#cpuMsPerSec, Math.max(-60 * this.#cpuMsPerSec, this.level - cpu));
  }

  #scale(field: 'cpu' | 'memoryMb'): number {
    const [needed, estimated] = this.#seen[field];
    return estimated > 0 ? Math.min(4, Math.max(0.25, needed / estimated)) : 1;
  }
}
