import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { EdgeScene } from '../../../../core/admission/admission-scene.ts';
import { assessAdmission } from '../../../../core/admission/decide-admission.ts';
import { sceneIndex } from '../../../../core/admission/scene-index.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import type { EdgeKey } from '../../../../core/mesh/mesh-config.ts';
import { admissionScene, edgeScene, poolScene } from '../../../support/admission-scenes.ts';

/** Edges of a service that count how often they are walked. */
class WalkedEdges extends Map<EdgeKey, EdgeScene> {
  walks = 0;

  override [Symbol.iterator]() {
    return this.entries();
  }

  override entries() {
    this.walks++;
    return super.entries();
  }

  override keys() {
    this.walks++;
    return super.keys();
  }

  override values() {
    this.walks++;
    return super.values();
  }

  override forEach(each: (edge: EdgeScene, key: EdgeKey, map: Map<EdgeKey, EdgeScene>) => void): void {
    this.walks++;
    super.forEach(each);
  }
}

describe('what follows from a scene alone', () => {
  it('is worked out once: no further grant walks over the edges', () => {
    const edges = new WalkedEdges();
    for (let i = 0; i < 50; i++) {
      const edge = edgeScene('payment', { workload: `w-${i}`, loadRps: 2, burstRatio: null });
      edges.set(edge.key, edge);
    }
    const scene = admissionScene([poolScene('payment', { edges, loadRps: 100 })]);
    const admitted = (i: number, int: number): boolean =>
      assessAdmission({ workload: `w-${i}`, asked: { ...UNLIMITED, int }, live: [], scene }).decision.admitted;
    equal(admitted(0, 0.1), true);
    const first = edges.walks;
    ok(first > 0);
    const decisions = [admitted(1, 0.1), admitted(2, 0.2), admitted(3, 1), admitted(4, 1)];
    deepEqual(decisions, [true, true, false, false]);
    equal(edges.walks, first);
  });

  it('knows edges by caller and by name, in the order of the scene', () => {
    const payment = [edgeScene('payment', { workload: 'batch' }), edgeScene('payment')];
    const scene = admissionScene([poolScene('payment', {}, payment), poolScene('inventory')]);
    const { pools, byCaller } = sceneIndex(scene);
    deepEqual(
      byCaller.get('checkout')?.map(({ edge, position }) => [edge.key, position]),
      [
        ['checkout/payment', 1],
        ['checkout/inventory', 2],
      ],
    );
    equal(pools.get('inventory')?.edges.get('checkout/inventory')?.edge.service, 'inventory');
    equal(sceneIndex(scene), sceneIndex(scene));
  });

  it('adds up the load of a tenant on a service', () => {
    const edges = [
      edgeScene('payment', { workload: 'a', tenant: 'shop', loadRps: 10 }),
      edgeScene('payment', { workload: 'b', tenant: 'shop', loadRps: 5 }),
      edgeScene('payment', { workload: 'c', loadRps: 3 }),
    ];
    const pool = sceneIndex(admissionScene([poolScene('payment', {}, edges)])).pools.get('payment');
    deepEqual([pool?.tenantRps('shop'), pool?.tenantRps('c'), pool?.tenantRps('nobody')], [15, 3, 0]);
  });
});
