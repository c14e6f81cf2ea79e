import assert from 'node:assert/strict';
import { splitShed } from '../../../../core/stability/shed-split.ts';
import type { SceneEdge } from '../../../../core/stability/stability-scene.ts';
import { sceneEdge } from '../../../support/stability-scenes.ts';

const edge = (workload: string, prio: number, admittedRps: number, more: Partial<SceneEdge> = {}): SceneEdge =>
  sceneEdge(workload, {
    prio,
    offeredRps: admittedRps,
    admittedRps,
    goodRps: 50,
    breakerRefusedRps: 100,
    refusing: true,
    guaranteeRps: null,
    ...more,
  });

describe('what a held service cannot answer is shed by its lowest classes (CONTRACT §G)', () => {
  it('lowest first, nine tenths of each but the highest that is reached', () => {
    const split = splitShed([edge('batch', 2, 400), edge('web', 5, 400), edge('checkout', 7, 400)], 300, 1);
    assert.equal(split?.share, 0.5);
    assert.deepEqual(split?.edges.get('batch/payment'), { belowPrio: 5, ratio: 0.9, retries: false });
    assert.deepEqual(split?.edges.get('web/payment'), { belowPrio: 6, ratio: 0.6, retries: false });
    assert.deepEqual(split?.edges.get('checkout/payment'), { belowPrio: 5, ratio: 0.9, retries: false });
  });

  it('passes over a class that sends nothing', () => {
    const split = splitShed([edge('idle', 0, 0), edge('batch', 2, 1000), edge('checkout', 7, 200)], 400, 1);
    assert.deepEqual(split?.edges.get('batch/payment'), { belowPrio: 3, ratio: 0.4, retries: false });
  });

  it('no more than the policy allows, and nothing where it is too little or nobody is turned away', () => {
    const edges = [edge('batch', 2, 1000), edge('checkout', 7, 200)];
    assert.equal(splitShed(edges, 100, 0.2)?.share, 0.2);
    assert.equal(splitShed(edges, 100, 0.04), null);
    assert.equal(splitShed(edges, 590, 1), null);
    assert.equal(splitShed(edges, 0, 1), null);
    assert.equal(
      splitShed(
        edges.map((one) => ({ ...one, breakerRefusedRps: 0 })),
        100,
        1,
      ),
      null,
    );
  });
});
