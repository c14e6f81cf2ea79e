import assert from 'node:assert/strict';
import { edgeStatName, parseEdgeStatName } from '../../../../core/substrate/edge-stats.ts';

describe('names of edges in statistics', () => {
  it('can be read again', () => {
    const owner = { workload: 'checkout', service: 'payment' };
    assert.deepEqual(parseEdgeStatName(edgeStatName(owner.workload, owner.service)), owner);
  });

  it('are no others', () => {
    for (const name of ['cluster/a/b', 'edge/', 'edge/a', 'edge/a/', 'edge//b', 'edge/a/b/c', '']) {
      assert.equal(parseEdgeStatName(name), null, name);
    }
  });
});
