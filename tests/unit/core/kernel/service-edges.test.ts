import assert from 'node:assert/strict';
import { createEdgeState } from '../../../../core/kernel/edge-state.ts';
import { ServiceEdges } from '../../../../core/kernel/service-edges.ts';
import { edgeKey } from '../../../../core/mesh/mesh-config.ts';

function edgeOf(workload: string, tenant: string | null) {
  const key = edgeKey(workload, 'payment');
  const edge = createEdgeState(key, workload, 'payment');
  if (tenant !== null) {
    edge.budget = { workload, service: 'payment', vector: { geo: null, int: 0.5, gauge: null, ptr: null, obs: null } };
    edge.tenant = tenant;
  }
  return edge;
}

const names = (edges: ServiceEdges) => ({
  all: edges.all.map(({ workload }) => workload),
  budgeted: edges.budgeted.map(({ workload }) => workload),
  tenants: edges.tenants.map(({ tenant, edges: own }) => [tenant, own.map(({ workload }) => workload)]),
});

describe('the edges of a service', () => {
  it('are lists of all, of those with a budget, and of those of each tenant', () => {
    const all = [
      edgeOf('checkout', 'shop'),
      edgeOf('~unverified', null),
      edgeOf('reports', 'shop'),
      edgeOf('ads', 'ads'),
    ];
    assert.deepEqual(names(ServiceEdges.of(all.map((edge) => [edge.key, edge]))), {
      all: ['checkout', '~unverified', 'reports', 'ads'],
      budgeted: ['checkout', 'reports', 'ads'],
      tenants: [
        ['shop', ['checkout', 'reports']],
        ['ads', ['ads']],
      ],
    });
  });

  it('follow what is set, deleted and cleared', () => {
    const edges = new ServiceEdges();
    const empty = { all: [], budgeted: [], tenants: [] };
    assert.deepEqual(names(edges), empty);
    const checkout = edgeOf('checkout', 'shop');
    edges.set(checkout.key, checkout);
    assert.deepEqual(names(edges).tenants, [['shop', ['checkout']]]);
    checkout.tenant = 'store';
    edges.set(checkout.key, checkout);
    assert.deepEqual(names(edges).tenants, [['store', ['checkout']]]);
    edges.delete(checkout.key);
    assert.deepEqual(names(edges), empty);
    edges.set(checkout.key, checkout);
    edges.clear();
    assert.deepEqual(names(edges), empty);
  });
});
