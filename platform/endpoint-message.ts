import { addressOf, type PlacedEndpoint, type ServiceEndpoint } from '../core/mesh/service-endpoint.ts';
import type { Problem } from '../core/problem.ts';
import type { EndpointPlace, Service } from '../proto/gen/capmesh/v1/mesh.ts';

type EndpointFields = Pick<Service, 'endpoints' | 'places'>;

/** Addresses, and beside them the places of those that have one. */
export const endpointsToMessage = (endpoints: readonly ServiceEndpoint[]): EndpointFields => ({
  endpoints: endpoints.map(addressOf),
  places: endpoints.flatMap((endpoint) => (typeof endpoint === 'string' ? [] : [placeToMessage(endpoint)])),
});

/** Endpoints with their places; `strayPlaces` tells what is wrong with those. */
export function endpointsFromMessage({ endpoints, places }: EndpointFields): ServiceEndpoint[] {
  const placeOf = new Map(places.map((place) => [place.address, place]));
  return endpoints.map((address) => {
    const place = placeOf.get(address);
    return place === undefined ? address : placeFromMessage(place);
  });
}

/** Places of endpoints that the service does not have, and second places of one. */
export function strayPlaces({ name, endpoints, places }: Pick<Service, 'name'> & EndpointFields): Problem[] {
  const open = new Set(endpoints);
  return places.flatMap(({ address }, i) => {
    if (open.delete(address)) return [];
    const message = `is not among the endpoints, or given twice (got "${address}")`;
    return [{ path: `services.${name}.places[${i}].address`, message }];
  });
}

const placeToMessage = (endpoint: PlacedEndpoint): EndpointPlace => {
  const { address, region = '', zone = '', subZone = '', node = '' } = endpoint;
  return { address, region, zone, subZone, node };
};

/** Empty = not told. */
const placeFromMessage = ({ address, ...parts }: EndpointPlace): PlacedEndpoint => ({
  address,
  ...Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== '')),
});
