import type { Problem } from '../problem.ts';
import type { BudgetConfig, ServiceConfig } from './mesh-config.ts';
import type { BudgetDocument } from './mesh-document.ts';

/** The absolute form of a component and the capacity that makes it a fraction. */
interface AbsoluteForm {
  readonly fraction: 'int' | 'ptr';
  readonly absolute: 'rps' | 'parallel';
  readonly capacity: 'rps' | 'concurrency';
}

const RATE: AbsoluteForm = { fraction: 'int', absolute: 'rps', capacity: 'rps' };
const PARALLEL: AbsoluteForm = { fraction: 'ptr', absolute: 'parallel', capacity: 'concurrency' };

/**
 * One budget line as fractions (CONTRACT §C); mistakes are added to `problems`.
 *
 * @param service undefined where it is not declared, which is told elsewhere
 */
export function checkBudget(
  workload: string,
  serviceName: string,
  document: BudgetDocument,
  service: ServiceConfig | undefined,
  problems: Problem[],
): BudgetConfig {
  const path = `budgets.${workload}.${serviceName}`;
  const fractionOf = (form: AbsoluteForm): number | null => readFraction(path, document, form, service, problems);
  return {
    workload,
    service: serviceName,
    vector: {
      geo: document.geo ?? null,
      int: fractionOf(RATE),
      gauge: document.gauge ?? null,
      ptr: fractionOf(PARALLEL),
      obs: document.obs ?? null,
    },
  };
}

function readFraction(
  path: string,
  document: BudgetDocument,
  form: AbsoluteForm,
  service: ServiceConfig | undefined,
  problems: Problem[],
): number | null {
  const fraction = document[form.fraction] ?? null;
  const absolute = document[form.absolute] ?? null;
  if (absolute === null) return fraction;
  const absolutePath = `${path}.${form.absolute}`;
  if (fraction !== null) {
    problems.push({ path: absolutePath, message: `must not be set together with ${form.fraction}` });
    return fraction;
  }
  if (!service) return null;
  const capacity = service.capacity[form.capacity];
  if (capacity === null) {
    problems.push({
      path: absolutePath,
      message: `needs a declared capacity.${form.capacity} of ${service.name}; or set ${form.fraction}, a fraction`,
    });
    return null;
  }
  if (absolute > capacity) {
    problems.push({
      path: absolutePath,
      message: `must be ≤ ${capacity}, the capacity of ${service.name} (got ${absolute})`,
    });
  }
  return absolute / capacity;
}
