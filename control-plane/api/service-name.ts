import type { ServiceDefinition } from '@grpc/grpc-js';

/** The full name of a service: `capmesh.v1.Admin` of `/capmesh.v1.Admin/Apply`. */
export function serviceName(definition: ServiceDefinition): string {
  const [method] = Object.values(definition);
  const [, name] = method?.path.split('/') ?? [];
  if (name === undefined) throw new Error('a service without methods has no name');
  return name;
}
