import assert from 'node:assert/strict';
import { MeshSimulation, type MeshSimulationOptions } from '../../core/simulation/mesh-simulation.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import { adoptedMesh } from './adopted-mesh.ts';

/** One caller, one service, nothing declared: nothing is limited while all is well. */
const PLAIN = adoptedMesh({ services: { payment: {} }, workloads: { shop: {} }, budgets: { shop: { payment: {} } } });
/** shop → checkout → payment. */
export const CHAIN = adoptedMesh({
  services: { checkout: {}, payment: {} },
  workloads: { shop: {}, checkout: {} },
  budgets: { shop: { checkout: {} }, checkout: { payment: {} } },
});
export const START_SEC = 5;

/** A mesh without Capmesh in the way, one node, calls of shop from second 0 on. */
export function plainMesh(options: Partial<MeshSimulationOptions>, rateRps = 100): MeshSimulation {
  return new MeshSimulation({
    config: PLAIN,
    services: { payment: { servers: 8, workMs: 20 } },
    loads: [{ workload: 'shop', service: 'payment', rateRps }],
    random: seededRandom(7),
    nodes: 1,
    enforced: false,
    ...options,
  });
}

/** Within a few standard errors of what theory says. */
export function assertAbout(value: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(value / expected - 1) <= tolerance, `${value}, not about ${expected}`);
}
