import type { Problem } from '../problem.ts';
import type { ServiceCapacity, ServiceConfig, WorkloadConfig } from './mesh-config.ts';
import {
  DEFAULT_AUTHORIZER_DOWN,
  DEFAULT_EJECT_FAILING,
  DEFAULT_TIMEOUT_MS,
  UNKNOWN_CAPACITY,
} from './mesh-defaults.ts';
import type { CapacityDocument, ServiceDocument } from './mesh-document.ts';
import { parseEndpoint } from './parse-endpoint.ts';
import { addressOf, type ServiceEndpoint } from './service-endpoint.ts';

/** One service with its defaults; mistakes are added to `problems`. */
export function checkService(
  name: string,
  document: ServiceDocument,
  workloads: ReadonlyMap<string, WorkloadConfig>,
  problems: Problem[],
): ServiceConfig {
  const path = `services.${name}`;
  const endpoints = document.endpoints ?? [];
  checkEndpoints(`${path}.endpoints`, endpoints, problems);
  if (document.capacity && document.capacityPerEndpoint) {
    problems.push({ path: `${path}.capacityPerEndpoint`, message: 'must not be set together with capacity' });
  }
  const anonymous = document.anonymous ?? null;
  if (anonymous !== null && !workloads.has(anonymous)) {
    problems.push({ path: `${path}.anonymous`, message: `workload "${anonymous}" is not declared` });
  }
  return {
    name,
    endpoints,
    capacity: document.capacity
      ? capacityOf(document.capacity, 1)
      : capacityOf(document.capacityPerEndpoint ?? UNKNOWN_CAPACITY, endpoints.length),
    anonymous,
    authorizerDown: document.authorizerDown ?? DEFAULT_AUTHORIZER_DOWN,
    timeoutMs: document.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ejectFailing: document.ejectFailing ?? DEFAULT_EJECT_FAILING,
  };
}

function checkEndpoints(path: string, endpoints: readonly ServiceEndpoint[], problems: Problem[]): void {
  const firstAt = new Map<string, number>();
  endpoints.forEach((endpoint, i) => {
    const address = addressOf(endpoint);
    const ownPath = typeof endpoint === 'string' ? `${path}[${i}]` : `${path}[${i}].address`;
    const parsed = parseEndpoint(address);
    if (!parsed) {
      problems.push({
        path: ownPath,
        message: `must be host:port, the host a DNS name, an IPv4 address or [IPv6] (got "${address}")`,
      });
      return;
    }
    const key = `${parsed.host.toLowerCase()} ${parsed.port}`;
    const first = firstAt.get(key);
    if (first === undefined) firstAt.set(key, i);
    else problems.push({ path: ownPath, message: `repeats ${address}, which is ${path}[${first}]` });
  });
}

function capacityOf(document: CapacityDocument, factor: number): ServiceCapacity {
  const times = (value: number | null | undefined): number | null =>
    typeof value === 'number' ? value * factor : null;
  return {
    rps: times(document.rps),
    concurrency: times(document.concurrency),
    cpuMsPerSec: times(document.cpuMsPerSec),
    memoryMiB: times(document.memoryMiB),
  };
}
