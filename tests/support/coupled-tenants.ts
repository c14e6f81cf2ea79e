import type { MeshPlayer } from './mesh-player.ts';
import { seededRandom } from './random.ts';

/** More than two minutes in which the latency of web follows the load of batch. */
export function playCoupledTenants(player: MeshPlayer): void {
  const random = seededRandom(3);
  for (let sec = 0; sec < 130; sec++) {
    const batch = random.poisson(100);
    const latencyMs = 20 * Math.exp(0.03 * (batch - 100) + 0.25 * random.normal());
    player.second({
      'node-1': { 'web/payment': { calls: random.poisson(100), latencyMs }, 'batch/payment': { calls: batch } },
    });
  }
}
