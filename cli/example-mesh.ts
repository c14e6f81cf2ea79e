/** Ports of the example services, by name, where nothing says otherwise. */
export const EXAMPLE_PORTS: Readonly<Record<string, number>> = { payment: 9101, inventory: 9102 };

/** The mesh file that `capmesh init` writes. */
export function exampleMesh(ports: Readonly<Record<string, number>> = EXAMPLE_PORTS): string {
  return `# What may call what, and how much of it. "capmesh schema" prints the JSON Schema.
mesh: shop

# What is called. capacity is the ceiling of the whole service; leave it out and
# the overload controller finds it.
services:
  payment:
    endpoints: ["127.0.0.1:${ports.payment}"]
    capacity: { rps: 400, concurrency: 24 }
  inventory:
    endpoints: ["127.0.0.1:${ports.inventory}"]
    capacity: { rps: 1000 }

# Who calls. The lowest prio is shed first; contended capacity is shared by weight.
workloads:
  checkout: { tenant: shop, prio: 7, weight: 2 }
  batch: { tenant: reports, prio: 2 }

# Fractions of the service's capacity: int of its rate, ptr of its calls in
# flight; gauge 0 ... 1 shortens leases. No line, no access.
budgets:
  checkout:
    payment: { int: 0.8, ptr: 0.75, gauge: 0.5 }
    inventory: { int: 0.3 }
  batch:
    payment: { int: 0.5, ptr: 0.5 }
    inventory: { int: 0.2 }
`;
}
