import assert from 'node:assert/strict';
import type { RunningOperation } from '../../../../core/standalone/running-operation.ts';
import { LocalPlatform } from '../../../support/local-platform.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { seededRandom } from '../../../support/random.ts';

const WORKERS = 8;
const MEAN_MS = 20;
const CAPACITY_RPS = (1000 * WORKERS) / MEAN_MS;

/** Open-loop calls to workers with one queue; what is allowed is served, however late. */
class Workers {
  readonly local: LocalPlatform;
  readonly #token: string;
  readonly #random = seededRandom(11);
  readonly #queue: RunningOperation[] = [];
  readonly #serving: { readonly endMs: number; readonly operation: RunningOperation }[] = [];
  #tickMs = 1000;

  constructor(local: LocalPlatform) {
    this.local = local;
    this.#token = local.token('checkout');
  }

  /** Answers good results per second, and why calls were refused. */
  run(seconds: number, callsPerSec: number): { readonly goodRps: number; readonly refused: ReadonlySet<string> } {
    const { local } = this;
    const refused = new Set<string>();
    let [good, arrivalMs] = [0, local.nowMs];
    const stopMs = local.nowMs + 1000 * seconds;
    while (local.nowMs < stopMs) {
      const endMs = Math.min(...this.#serving.map((one) => one.endMs), Number.POSITIVE_INFINITY);
      local.nowMs = Math.min(arrivalMs, endMs, this.#tickMs);
      if (local.nowMs === this.#tickMs) this.#tick();
      else if (local.nowMs === endMs) good += this.#complete(endMs);
      else {
        arrivalMs += this.#exponential(1000 / callsPerSec);
        const result = local.platform.checkOperation({ token: this.#token, operationType: 'payment' }, local.now);
        if (result.allowed) this.#queue.push(result.operation);
        else refused.add(result.reason);
      }
      this.#serve();
    }
    return { goodRps: good / seconds, refused };
  }

  #tick(): void {
    this.local.platform.tick(this.local.now);
    this.#tickMs += 1000;
  }

  #complete(endMs: number): number {
    const index = this.#serving.findIndex((one) => one.endMs === endMs);
    const [ended] = this.#serving.splice(index, 1);
    return ended && this.local.platform.settleOperation(ended.operation, {}, this.local.now) ? 1 : 0;
  }

  #serve(): void {
    while (this.#serving.length < WORKERS) {
      const operation = this.#queue.shift();
      if (operation === undefined) return;
      this.#serving.push({ endMs: this.local.nowMs + this.#exponential(MEAN_MS), operation });
    }
  }

  #exponential(mean: number): number {
    return -mean * Math.log(1 - this.#random.uniform());
  }
}

describe('CapacityPlatform under overload', () => {
  it('holds a service at its knee with no limit set by hand, and lets go of it', () => {
    const config = meshConfig({
      services: { payment: {} },
      workloads: { checkout: {} },
      budgets: { checkout: { payment: {} } },
    });
    const workers = new Workers(new LocalPlatform(config));
    const { kernel } = workers.local.platform;
    const actions = () => kernel.view(workers.local.nowMs).actions.map(({ kind }) => kind);
    const calm = workers.run(60, 0.5 * CAPACITY_RPS);
    assert.deepEqual([calm.refused.size, kernel.allPass(), actions()], [0, true, []]);
    workers.run(10, 2 * CAPACITY_RPS);
    assert.equal(kernel.gates.fit.status, 'FAIL');
    assert.ok(actions().includes('limit-concurrency'));
    const held = workers.run(20, 2 * CAPACITY_RPS);
    assert.ok(held.refused.has('breaker-open'));
    assert.ok(held.goodRps > 0.9 * CAPACITY_RPS, `${held.goodRps} good answers per second`);
    workers.run(60, 0.5 * CAPACITY_RPS);
    assert.deepEqual([kernel.allPass(), actions()], [true, []]);
  });
});
