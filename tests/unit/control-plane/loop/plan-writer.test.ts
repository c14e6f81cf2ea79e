import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { LeaderWrites } from '../../../../control-plane/leader/leader-writes.ts';
import { PlanWriter } from '../../../../control-plane/loop/plan-writer.ts';
import type { PlanOrigin } from '../../../../control-plane/state/plan-store.ts';
import type { CapacityPlan } from '../../../../core/allocators/capacity-plan.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';

const plan = (nodeCount: number): CapacityPlan => ({ mesh: 'shop', nodeCount, services: [] });

/** A store whose writes end when the test says so. */
class SlowStore {
  readonly written: (PlanOrigin & { readonly nodeCount: number })[] = [];
  #end: () => void = () => {};

  async write({ nodeCount }: CapacityPlan, origin: PlanOrigin): Promise<void> {
    this.written.push({ nodeCount, ...origin });
    await new Promise<void>((resolve) => {
      this.#end = resolve;
    });
  }

  async endWrite(): Promise<void> {
    this.#end();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('PlanWriter', () => {
  it('writes one plan at a time, and of those that come meanwhile the newest, an edit when one of them was', async () => {
    const store = new SlowStore();
    const writer = new PlanWriter(store, {} as LeaderWrites, quietLogger);
    writer.push(plan(1), { revision: 1, edited: false });
    writer.push(plan(2), { revision: 2, edited: true });
    writer.push(plan(3), { revision: 2, edited: false });
    await store.endWrite();
    await store.endWrite();
    await writer.drained();
    deepEqual(store.written, [
      { nodeCount: 1, revision: 1, edited: false, held: false },
      { nodeCount: 3, revision: 2, edited: true, held: false },
    ]);
  });

  it('tells of an edit that changes no number, and of a hold that begins and ends', async () => {
    const store = new SlowStore();
    const writer = new PlanWriter(store, {} as LeaderWrites, quietLogger);
    writer.push(plan(1), { revision: 1, edited: true });
    await store.endWrite();
    writer.confirm(2);
    await store.endWrite();
    writer.hold(true);
    await store.endWrite();
    writer.push(plan(2), { revision: 2, edited: false });
    await store.endWrite();
    writer.hold(false);
    await store.endWrite();
    await writer.drained();
    deepEqual(store.written.slice(1), [
      { nodeCount: 1, revision: 2, edited: true, held: false },
      { nodeCount: 1, revision: 2, edited: false, held: true },
      { nodeCount: 2, revision: 2, edited: false, held: true },
      { nodeCount: 2, revision: 2, edited: false, held: false },
    ]);
  });

  it('writes nothing more once it is stopped', async () => {
    const store = new SlowStore();
    const writer = new PlanWriter(store, {} as LeaderWrites, quietLogger);
    writer.push(plan(1), { revision: 1, edited: true });
    writer.push(plan(2), { revision: 1, edited: false });
    writer.stop();
    writer.push(plan(3), { revision: 1, edited: false });
    await store.endWrite();
    await writer.drained();
    deepEqual(
      store.written.map(({ nodeCount }) => nodeCount),
      [1],
    );
  });
});
