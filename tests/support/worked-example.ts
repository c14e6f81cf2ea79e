/** The mesh of CONTRACT §I. */
export const WORKED_EXAMPLE = `
mesh: shop
services:  { payment: {endpoints: [127.0.0.1:9101], capacity: {rps: 400, concurrency: 24}}, inventory: {endpoints: [127.0.0.1:9102], capacity: {rps: 1000}} }
workloads: { checkout: {tenant: shop, prio: 7, weight: 2}, batch: {tenant: reports, prio: 2} }
budgets:   { checkout: {payment: {int: 0.8, ptr: 0.75, gauge: 0.5}, inventory: {int: 0.3}}, batch: {payment: {int: 0.5, ptr: 0.5}, inventory: {int: 0.2}} }
`;
