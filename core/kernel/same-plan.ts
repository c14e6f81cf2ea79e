import type { CapacityPlan, EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';

/** A lease limit that moved by no more than this is the same plan (CONTRACT §H). */
const LIMIT_TOLERANCE = 0.05;

/** Whether two plans say the same; lease limits may differ by a little. Runs over every edge in every tick. */
export function samePlan(a: CapacityPlan | null, b: CapacityPlan): boolean {
  return (
    a !== null &&
    a.mesh === b.mesh &&
    a.nodeCount === b.nodeCount &&
    a.services.length === b.services.length &&
    a.services.every((service, i) => sameService(service, b.services[i]))
  );
}

function sameService(a: ServicePlan, b: ServicePlan | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || a.edges.length !== b.edges.length) return false;
  return sameFields(a, b) && a.edges.every((edge, i) => sameEdge(edge, b.edges[i]));
}

function sameEdge(a: EdgePlan, b: EdgePlan | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || !closeLimits(a.limitRps, b.limitRps)) return false;
  return sameFields(a, b);
}

function closeLimits(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a - b) <= LIMIT_TOLERANCE * Math.max(a, b);
}

/** Field by field and into nested objects; limits and edges are compared apart. */
function sameFields(a: object, b: object): boolean {
  for (const name in a) {
    if (name === 'limitRps' || name === 'edges') continue;
    const [own, other] = [a[name as keyof typeof a], b[name as keyof typeof b]] as readonly unknown[];
    if (own === other) continue;
    if (typeof own !== 'object' || typeof other !== 'object' || own === null || other === null) return false;
    if (!sameSize(own, other) || !sameFields(own, other)) return false;
  }
  return true;
}

/** Services and edges have a fixed shape; what is inside them may be a longer list or a fuller object. */
const sameSize = (a: object, b: object): boolean => Object.keys(a).length === Object.keys(b).length;
