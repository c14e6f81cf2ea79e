import assert from 'node:assert/strict';
import { callGraphs } from '../../../bench/tick/call-graphs.ts';
import { callComponents } from '../../../core/substrate/normalised-laplacian.ts';

describe('call graphs of bench-tick', () => {
  it('are the same in every run, of four shapes, and each hangs together', () => {
    const graphs = callGraphs(1000);
    assert.deepEqual(graphs, callGraphs(1000));
    assert.deepEqual(
      graphs.map(({ name }) => name),
      ['random', 'small world', 'hubs', 'zones'],
    );
    for (const { name, size, calls } of graphs) {
      assert.deepEqual(
        callComponents(size, calls).map(({ nodes }) => nodes.length),
        [1000],
        name,
      );
      assert.ok(calls.every(({ from, to, rateRps }) => from !== to && rateRps >= 1 && rateRps <= 100));
    }
  });

  it('have hubs where callers go where others went', () => {
    const most = callGraphs(1000).map(({ calls, size }) => {
      const callers = new Array<number>(size).fill(0);
      for (const { to } of calls) callers[to] = (callers[to] ?? 0) + 1;
      return Math.max(...callers);
    });
    assert.ok((most[2] ?? 0) > 5 * (most[0] ?? 0), `${most}`);
  });
});
