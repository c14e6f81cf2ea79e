import assert from 'node:assert/strict';
import { adoptedMesh } from '../support/adopted-mesh.ts';
import { type EverydayMesh, POOL, startMesh } from './meshes.ts';

/** Nothing was chosen or tuned by what happens under these seeds. */
const SEEDS = [101, 102, 103, 104, 105];
const CAPACITY_RPS = 400;

/** Nothing is declared; checkout matters more than batch. */
const RANKED: EverydayMesh = {
  name: 'two classes',
  config: adoptedMesh({
    services: { payment: {} },
    workloads: { checkout: { prio: 7, weight: 2 }, batch: { prio: 2 } },
    budgets: { checkout: { payment: { ptr: 0.9 } }, batch: { payment: { ptr: 0.9 } } },
  }),
  services: POOL,
  nodes: 1,
  offered: [
    ['checkout', 'payment', 150],
    ['batch', 'payment', 50],
  ],
  judged: ['payment'],
};

describe('simulation: four times the capacity, from a class that matters less', () => {
  // The more of the capacity the high class needs, the less there is to fill what it leaves for moments.
  for (const [nodes, checkoutRps, goodputRatio, sparedRatio] of [
    [1, 150, 0.9, 0.95],
    [2, 150, 0.9, 0.9],
    [1, 300, 0.88, 0.9],
  ] as const) {
    for (const seed of SEEDS) {
      it(`holds goodput and spares the high class: ${checkoutRps} and 1300/s, ${nodes} nodes, seed ${seed}`, () => {
        const mesh = startMesh({ ...RANKED, nodes }, seed);
        mesh.run(90);
        assert.deepEqual(mesh.watch.refused(), {});
        mesh.offer('checkout', 'payment', checkoutRps);
        mesh.offer('batch', 'payment', 1300);
        mesh.run(10);
        mesh.restartWatch();
        mesh.run(60);
        const [checkout, batch] = ['checkout', 'batch'].map((name) => mesh.watch.edge(name, 'payment'));
        const goodput = ((checkout?.answered ?? 0) + (batch?.answered ?? 0)) / 60;
        assert.ok(goodput >= goodputRatio * CAPACITY_RPS, `${goodput.toFixed(0)}/s answered`);
        const spared = (checkout?.answered ?? 0) / (checkout?.offered ?? 0);
        assert.ok(spared >= sparedRatio, `${(100 * spared).toFixed(1)} % of the high class answered`);
      });
    }
  }
});
