import type { TenantTick } from '../gates/isolation.ts';
import type { ServiceState } from './service-state.ts';

/**
 * Enters one tick into the series of a service's tenants (MATHS §B4). Load is
 * calls per second that reach the service: calls in flight would contain the
 * latency that they are to explain.
 *
 * @param known the tick is fully known for this service; otherwise it is missing for all
 */
export function observeTenants(service: ServiceState, durationSec: number, known: boolean): void {
  service.tenantTicks++;
  const ticks = known ? tenantTicks(service, durationSec) : null;
  for (const tenant of service.tenants.values())
    tenant.push(ticks === null ? null : (ticks.get(tenant.name) ?? NO_CALLS));
}

const NO_CALLS: TenantTick = { load: 0, answers: 0, meanLog: 0 };

function tenantTicks(service: ServiceState, durationSec: number): Map<string, TenantTick> {
  const ticks = new Map<string, TenantTick>();
  for (const { budget, tenant, newest, window } of service.edges.values()) {
    if (budget === null || newest === null) continue;
    const { count, sum } = window.newest;
    if (newest.attempts === 0 && count === 0) continue;
    const other = ticks.get(tenant);
    const answers = count + (other?.answers ?? 0);
    const logSum = sum + (other ? other.answers * other.meanLog : 0);
    ticks.set(tenant, {
      load: newest.attempts / durationSec + (other?.load ?? 0),
      answers,
      meanLog: answers > 0 ? logSum / answers : 0,
    });
  }
  return ticks;
}
