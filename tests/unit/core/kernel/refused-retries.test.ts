import assert from 'node:assert/strict';
import { MeshSimulation } from '../../../../core/simulation/mesh-simulation.ts';
import { seededRandom } from '../../../../core/simulation/seeded-random.ts';
import { adoptedMesh } from '../../../support/adopted-mesh.ts';

describe('UV gate where retries are refused (MATHS §B3: retries of the attempts aimed at a service)', () => {
  it('sets them against all attempts, so that the share of retries and the work that they make are never above 1', () => {
    const mesh = new MeshSimulation({
      config: adoptedMesh({ services: { payment: {} }, workloads: { shop: {} }, budgets: { shop: { payment: {} } } }),
      services: { payment: { servers: 8, workMs: 20 } },
      random: seededRandom(1),
    });
    mesh.run(5);
    mesh.offer('shop', 'payment', 200);
    mesh.run(40);
    mesh.offer('shop', 'payment', 1600, 1, { max: 3, backoffMs: 50 });
    mesh.run(30);
    mesh.restartWatch();
    mesh.run(10);
    const [{ offered, retries, refused } = { offered: 0, retries: 0, refused: 0 }] = mesh.report().services;
    assert.ok(refused > 3 * mesh.report().calls.good, 'most of them are refused');
    const { status, evidence } = mesh.service('payment').gates.uv;
    assert.equal(status, 'FAIL');
    const share = retries / (offered + retries);
    for (const told of [evidence.retry_ratio, evidence.amplification]) {
      assert.ok(told !== undefined && Math.abs(told / share - 1) < 0.05, `${told} told, ${share} seen`);
    }
  });
});
