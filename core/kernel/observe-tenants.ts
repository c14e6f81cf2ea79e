import { type ServiceState, tenantOf } from './service-state.ts';

/**
 * Enters one tick into the series of a service's tenants (MATHS §B4). Load is
 * calls per second that reach the service: calls in flight would contain the
 * latency that they are to explain.
 *
 * @param known the tick is fully known for this service; otherwise it is missing for all
 */
export function observeTenants(service: ServiceState, durationSec: number, known: boolean): void {
  service.tenantTicks++;
  for (const own of service.edges.tenants) {
    const state = tenantOf(service, own);
    if (state === null) continue;
    for (const { newest, window } of own.edges) {
      if (newest === null) continue;
      const { count, sum } = window.newest;
      state.add(newest.attempts / durationSec, count, sum);
    }
  }
  for (const tenant of service.tenants.values()) tenant.roll(known);
}
