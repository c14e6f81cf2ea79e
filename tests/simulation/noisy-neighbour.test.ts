import assert from 'node:assert/strict';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { InTime } from '../../core/simulation/call-sources.ts';
import type { MeshSimulation } from '../../core/simulation/mesh-simulation.ts';
import { adoptedMesh } from '../support/adopted-mesh.ts';
import { type EverydayMesh, POOL, startMesh, transcript } from './meshes.ts';

/** Nothing was chosen or tuned by what happens under these seeds. */
const SEEDS = [101, 102, 103, 104, 105];
const QUIET_SEC = 300;
const ONSET_SEC = 5 + QUIET_SEC;

/** Two tenants of equal rank; each stays within its rate. */
const NEIGHBOURS: EverydayMesh = {
  name: 'two tenants of equal rank',
  config: adoptedMesh({
    services: { payment: { rps: 400 } },
    workloads: { checkout: { tenant: 'shop' }, batch: { tenant: 'reports' } },
    budgets: { checkout: { payment: { int: 0.5 } }, batch: { payment: { int: 0.25 } } },
  }),
  services: POOL,
  nodes: 2,
  offered: [
    ['checkout', 'payment', 100],
    ['batch', 'payment', 25],
  ],
  judged: ['payment'],
};

const inShadow = (config: MeshConfig): MeshConfig => ({
  ...config,
  policy: { ...config.policy, shadow: ['isolation'] },
});

interface Story {
  readonly mesh: MeshSimulation;
  /** p99 of the victim, ms: before, and from 60 to 120 s after the neighbour became noisy. */
  readonly quietMs: number;
  readonly laterMs: number;
}

function tell(everyday: EverydayMesh, seed: number, batchRps: number, work: InTime): Story {
  const mesh = startMesh(everyday, seed);
  mesh.offer('batch', 'payment', batchRps);
  mesh.run(60);
  mesh.restartWatch();
  mesh.run(QUIET_SEC - 60);
  const quietMs = mesh.watch.quantileMs('checkout', 'payment', 0.99);
  mesh.offer('batch', 'payment', batchRps, work);
  mesh.run(60);
  mesh.restartWatch();
  mesh.run(60);
  return { mesh, quietMs, laterMs: mesh.watch.quantileMs('checkout', 'payment', 0.99) };
}

const STORIES: readonly (readonly [name: string, batchRps: number, work: InTime])[] = [
  ['all the time', 25, 10],
  ['3 s on, 3 s off', 28, (sec) => (Math.floor(sec / 3) % 2 === 0 ? 10 : 1)],
];

describe('simulation: a neighbour within its rate whose calls become ten times heavier', () => {
  for (const [name, batchRps, work] of STORIES) {
    for (const seed of SEEDS) {
      it(`is named within 30 s, confirmed by a probe and throttled; its victim is well again: ${name}, seed ${seed}`, () => {
        const { mesh, quietMs, laterMs } = tell(NEIGHBOURS, seed, batchRps, work);
        const [first] = mesh.watch.failures().filter(({ gate }) => gate === 'isolation');
        assert.ok(first && first.atSec >= ONSET_SEC && first.atSec <= ONSET_SEC + 30, `failed at ${first?.atSec} s`);
        assert.equal(first.worst, 'reports');
        const probe = mesh.actions.find(({ kind, phase }) => kind === 'probe' && phase === 'started');
        assert.deepEqual([probe?.target, probe?.size], ['reports', 0.9]);
        assert.ok(transcript(mesh).includes('probe reports ended confirmed'), transcript(mesh).join('; '));
        assert.ok(transcript(mesh).every((line) => !line.startsWith('throttle reports ended')));
        assert.deepEqual(mesh.watch.edge('checkout', 'payment').refused, {});
        assert.ok(laterMs <= 1.5 * quietMs, `p99 ${laterMs.toFixed(0)} ms, ${quietMs.toFixed(0)} ms before`);
      });
    }

    it(`is only talked about while the gate is in the shadow: ${name}, seeds ${SEEDS.join(', ')}`, () => {
      for (const seed of SEEDS) {
        const shadowed = { ...NEIGHBOURS, config: inShadow(NEIGHBOURS.config) };
        const { mesh, quietMs, laterMs } = tell(shadowed, seed, batchRps, work);
        assert.ok(mesh.actions.some(({ kind, shadow }) => kind === 'probe' && shadow));
        const { offered, refused } = mesh.watch.edge('checkout', 'payment');
        const refusedRatio = (refused['breaker-open'] ?? 0) / offered;
        assert.ok(
          laterMs > 1.5 * quietMs || refusedRatio > 0.01,
          `seed ${seed}: p99 ${laterMs} ms, ${quietMs} ms before; ${refusedRatio} refused`,
        );
      }
    });
  }
});
