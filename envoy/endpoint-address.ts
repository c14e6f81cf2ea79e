import { Address } from '../proto/gen/envoy/config/core/v3/address.ts';

export interface EndpointAddress {
  /** IP literal (IPv6 without brackets) or DNS name. */
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port` or `[v6]:port`; the configuration has been checked before, so anything else throws. */
export function parseEndpoint(endpoint: string): EndpointAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(endpoint);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65535)) throw new Error(`not an endpoint: ${endpoint}`);
  return { host, port };
}

/** Whether an address needs no resolver. */
export function isIpLiteral(host: string): boolean {
  if (host.includes(':')) return true;
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

export function socketAddress({ host, port }: EndpointAddress): Address {
  return Address.fromPartial({
    address: {
      $case: 'socketAddress',
      value: { address: host, portSpecifier: { $case: 'portValue', value: port } },
    },
  });
}
