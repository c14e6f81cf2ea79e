import type { ServiceState } from './service-state.ts';

/** Series and histograms that are compared in one tick; bounds its cost in large meshes. */
const COMPARISONS_PER_TICK = 120;

/**
 * Gluing and isolation compare many series with each other. In a small mesh every
 * service is judged in every tick; in a large one services take turns, and what
 * was found stands until the next turn. Returns those whose turn it is, at least one.
 *
 * @param turns services that have had their turn so far
 */
export function servicesInTurn(services: readonly ServiceState[], turns: number): ServiceState[] {
  const chosen: ServiceState[] = [];
  let comparisons = 0;
  for (let i = 0; i < services.length; i++) {
    const service = services[(turns + i) % services.length];
    if (!service) break;
    comparisons += comparisonsOf(service);
    if (chosen.length > 0 && comparisons > COMPARISONS_PER_TICK) break;
    chosen.push(service);
  }
  return chosen;
}

function comparisonsOf(service: ServiceState): number {
  let views = 0;
  for (const edge of service.edges.values()) views += edge.views?.size ?? 0;
  return 1 + service.tenants.size + views;
}
