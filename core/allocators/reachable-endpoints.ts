import { endpointsPerLevel, GEO_LEVELS } from '../capacity/geo-levels.ts';
import { stableOrder } from '../capacity/stable-order.ts';
import {
  addressOf,
  isPlaced,
  type Locality,
  type PlacedEndpoint,
  type ServiceEndpoint,
} from '../mesh/service-endpoint.ts';

/** Where calls set out from: a node and where it says that it is. */
export interface Place extends Locality {
  readonly node: string;
}

/** A place that nothing is known of. */
export const NOWHERE: Place = { node: '' };

/**
 * Level of an endpoint as seen from a place (CONTRACT §D): 0 beside the same node,
 * 1 at another node of the same sub-zone, 2 in another sub-zone of the same zone, 3 in
 * another zone of the same region, 4 in another region. What neither of the two
 * tells counts as the same, what one of them tells as different.
 */
function levelOf(endpoint: ServiceEndpoint, from: Place): number {
  const at: Partial<PlacedEndpoint> = typeof endpoint === 'string' ? {} : endpoint;
  if (at.region !== from.region) return 4;
  if (at.zone !== from.zone) return 3;
  if (at.subZone !== from.subZone) return 2;
  return at.node === from.node ? 0 : 1;
}

/**
 * The endpoints that an edge may call from a place, level by level, nearest first:
 * ⌈w_d·n_d⌉ of level d (CONTRACT §D), picked in an order of the edge's own, so that
 * edges spread and an edit moves few. Without a place on either side every endpoint
 * is as near as the next: level 0.
 *
 * @param edge names whose order it is, `<workload>/<service>`
 * @param geo C_geo of the edge now; `null` = all
 */
export function reachableEndpoints(
  edge: string,
  geo: number | null,
  endpoints: readonly ServiceEndpoint[],
  from: Place,
): string[][] {
  if (geo === null) return [endpoints.map(addressOf)];
  const isKnown = [from.region, from.zone, from.subZone].some((part) => part !== undefined) && endpoints.some(isPlaced);
  const byLevel: string[][] = GEO_LEVELS.map(() => []);
  for (const endpoint of endpoints) byLevel[isKnown ? levelOf(endpoint, from) : 0]?.push(addressOf(endpoint));
  const counts = endpointsPerLevel(
    geo,
    byLevel.map((level) => level.length),
  );
  return byLevel.map((level, d) => {
    const chosen = new Set(stableOrder(edge, level).slice(0, counts[d]));
    return level.filter((address) => chosen.has(address));
  });
}
