import assert from 'node:assert/strict';
import type { GateName } from '../../core/gates/gate-state.ts';
import type { MeshSimulation } from '../../core/simulation/mesh-simulation.ts';
import { startMesh, UNDECLARED } from './meshes.ts';

/** Nothing was chosen or tuned by what happens under these seeds. */
const SEEDS = [101, 102, 103];
const QUIET_SEC = 300;

function neighbours(seed: number): MeshSimulation {
  const offered = [
    ['shop', 'payment', 100],
    ['reports', 'payment', 40],
    ['mail', 'payment', 30],
  ] as const;
  const mesh = startMesh({ ...UNDECLARED, offered }, seed);
  mesh.run(QUIET_SEC);
  assert.deepEqual(mesh.watch.failures(), []);
  return mesh;
}

/** The first failure of a gate, which comes within 30 s of what caused it. */
function promptFailure(mesh: MeshSimulation, gate: GateName) {
  mesh.run(30);
  const failure = mesh.watch.failures().find((change) => change.gate === gate);
  assert.ok(failure, `${gate} did not fail`);
  return failure;
}

describe('simulation: what must be seen', () => {
  for (const seed of SEEDS) {
    it(`names a neighbour that takes more and stays, within 30 s, seed ${seed}`, () => {
      const mesh = neighbours(seed);
      mesh.offer('reports', 'payment', 255);
      assert.equal(promptFailure(mesh, 'isolation').worst, 'reports');
    });

    it(`names a neighbour that comes and goes every 3 s, within 30 s, seed ${seed}`, () => {
      const mesh = neighbours(seed);
      mesh.offer('reports', 'payment', (sec) => (Math.floor(sec / 3) % 2 === 0 ? 320 : 20));
      const failure = promptFailure(mesh, 'isolation');
      assert.equal(failure.worst, 'reports');
      assert.ok(Object.keys(failure.evidence).some((name) => name.startsWith('victim/')));
    });

    it(`fails fit within 30 s when the service becomes half as slow again at the same load, seed ${seed}`, () => {
      const mesh = neighbours(seed);
      mesh.pool('payment').slowness = 1.5;
      assert.equal(promptFailure(mesh, 'fit').service, 'payment');
    });
  }
});
