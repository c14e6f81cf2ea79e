import { geoWeights } from '../capacity/geo-levels.ts';
import type { Problem } from '../problem.ts';
import { type BudgetConfig, edgeKey, type MeshConfig, type ServiceConfig } from './mesh-config.ts';
import { isIpEndpoint } from './parse-endpoint.ts';
import { addressOf, isPlaced } from './service-endpoint.ts';

/** What is allowed but easily unintended, each with its path. */
export function meshWarnings(config: MeshConfig): Problem[] {
  const budgets = [...config.budgets.values()];
  return [
    ...budgets.flatMap((budget) => budgetWarnings(budget, config.services.get(budget.service))),
    ...budgets.flatMap((budget) => geoWarnings(budget, config.services.get(budget.service))),
    ...overcommitment(budgets),
    ...[...config.services.values()].flatMap((service) => anonymousWarning(service, config)),
  ];
}

function budgetWarnings(
  { workload, service: name, vector }: BudgetConfig,
  service: ServiceConfig | undefined,
): Problem[] {
  const path = `budgets.${workload}.${name}`;
  if (vector.int === 0 || vector.ptr === 0) {
    return [{ path, message: `${vector.int === 0 ? 'int' : 'ptr'} is 0: every call is refused with 403` }];
  }
  if (vector.int === null) {
    return [{ path, message: 'int is not set: no rate limit on these calls' }];
  }
  if (service?.capacity.rps === null) {
    return [{ path, message: `no rate limit until the capacity of ${name} is declared or learned` }];
  }
  return [];
}

function geoWarnings({ workload, service: name, vector: { geo } }: BudgetConfig, service?: ServiceConfig): Problem[] {
  const path = `budgets.${workload}.${name}`;
  if (geo === null || !service) return [];
  if (!service.endpoints.every((endpoint) => isIpEndpoint(addressOf(endpoint)))) {
    return [{ path, message: `geo has no effect: an endpoint of ${name} is a DNS name` }];
  }
  if (geo === 0) return [{ path, message: 'geo is 0: no endpoint is near enough, and every call fails with 503' }];
  const isAllNearest = geoWeights(geo)[0] === 1 && !service.endpoints.some(isPlaced);
  return isAllNearest ? [{ path, message: `geo has no effect: no endpoint of ${name} says where it is` }] : [];
}

/** Budgets of several callers may add to more than the service has; then weights decide (CONTRACT §C). */
function overcommitment(budgets: readonly BudgetConfig[]): Problem[] {
  const sums = new Map<string, { int: number; ptr: number }>();
  for (const { service, vector } of budgets) {
    const sum = sums.get(service) ?? { int: 0, ptr: 0 };
    sums.set(service, { int: sum.int + (vector.int ?? 0), ptr: sum.ptr + (vector.ptr ?? 0) });
  }
  return [...sums].flatMap(([service, sum]) =>
    (['int', 'ptr'] as const)
      .filter((axis) => sum[axis] > 1 + 1e-9)
      .map((axis) => ({
        path: `services.${service}`,
        message: `over-committed: ${axis} of its budgets adds to ${Number(sum[axis].toFixed(4))}; weights share it out when all are busy`,
      })),
  );
}

function anonymousWarning({ name, anonymous }: ServiceConfig, config: MeshConfig): Problem[] {
  if (anonymous === null || config.budgets.has(edgeKey(anonymous, name))) return [];
  return [
    {
      path: `services.${name}.anonymous`,
      message: `${anonymous} has no budget for ${name}: calls without a token are refused`,
    },
  ];
}
