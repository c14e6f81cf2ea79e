import assert from 'node:assert/strict';
import { KernelLoop, type TickReport } from '../../../../control-plane/loop/kernel-loop.ts';
import type { KernelEffect } from '../../../../core/kernel/kernel-io.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';
import { frame } from '../../../support/mesh-fixtures.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';

const MESH = `
mesh: shop
services: { payment: { endpoints: ["127.0.0.1:9101"], capacity: { rps: 400 } } }
workloads: { checkout: {} }
budgets: { checkout: { payment: { int: 0.5 } } }
`;

function shopConfig() {
  const parsed = parseMeshFile(MESH);
  assert.ok(parsed.ok);
  return parsed.value;
}

describe('KernelLoop', () => {
  it('says whether a plan comes from an edit, and of which revision', () => {
    const runs: { kind: string; revision: number; edited: boolean }[] = [];
    const loop = new KernelLoop({
      clock: { monotonicMs: () => 0, wallMs: () => 0 },
      logger: quietLogger,
      run: (effect: KernelEffect, origin) => runs.push({ kind: effect.kind, ...origin }),
    });
    loop.setConfig(shopConfig(), 7);
    assert.deepEqual(runs, [{ kind: 'publish-plan', revision: 7, edited: true }]);
    loop.setGrants(new Map([['checkout', { geo: null, int: 0.5, gauge: null, ptr: 0.5, obs: null }]]));
    assert.ok(
      runs.slice(1).every(({ edited }) => !edited),
      'grants are no edit',
    );
  });

  it('reports of every tick how old its frames were, and never a negative age', async () => {
    const reports: TickReport[] = [];
    let nowMs = 0;
    const loop = new KernelLoop({
      clock: { monotonicMs: () => nowMs, wallMs: () => 5000 },
      logger: quietLogger,
      run: () => {},
      onTick: (report) => reports.push(report),
    });
    loop.setConfig(shopConfig(), 1);
    loop.start();
    for (const [seq, endMs] of [4990, 5004].entries()) {
      nowMs += 600;
      loop.acceptFrame({ ...frame(seq + 1, []), endMs });
    }
    loop.stop();
    assert.deepEqual(
      reports.map(({ frameAgesMs }) => frameAgesMs),
      [[10], [0]],
    );
  });

  it('goes on after an effect that throws', async () => {
    let calls = 0;
    let nowMs = 0;
    const loop = new KernelLoop({
      clock: { monotonicMs: () => (nowMs += 2000), wallMs: () => 0 },
      logger: quietLogger,
      run: () => {
        calls += 1;
        throw new Error('broken effect');
      },
    });
    loop.setConfig(shopConfig(), 1);
    assert.equal(calls, 1);
    const ticked = loop.nextTick();
    loop.start();
    await ticked;
    loop.stop();
    assert.equal(loop.ticks, 1);
    assert.equal(loop.view().mesh, 'shop');
  });
});
