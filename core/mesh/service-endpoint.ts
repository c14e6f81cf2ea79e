/** Where in the topology something is; absent = not told. */
export interface Locality {
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly subZone?: string | undefined;
}

/** An endpoint that says where it is. */
export interface PlacedEndpoint extends Locality {
  /** `host:port`. */
  readonly address: string;
  /** Id of the node beside which it runs. */
  readonly node?: string | undefined;
}

/** `host:port`, alone where nothing is told of its place. */
export type ServiceEndpoint = string | PlacedEndpoint;

/** `host:port` of an endpoint in either form. */
export const addressOf = (endpoint: ServiceEndpoint): string =>
  typeof endpoint === 'string' ? endpoint : endpoint.address;

/** Whether an endpoint says anything of its place. */
export const isPlaced = (endpoint: ServiceEndpoint): boolean =>
  typeof endpoint !== 'string' &&
  [endpoint.region, endpoint.zone, endpoint.subZone, endpoint.node].some((part) => part !== undefined);
