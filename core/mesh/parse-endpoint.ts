/** Where one instance of a service listens. */
export interface Endpoint {
  /** DNS name, IPv4, or IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*\\.?$`, 'i');
const IPV4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$/;

/** Reads `host:port`, the host a DNS name, an IPv4 address or `[IPv6]`; null where the text is neither. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(\[[^\]]*\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const [, hostText, portText] = match ?? [];
  if (hostText === undefined || portText === undefined) return null;
  const port = Number(portText);
  if (port < 1 || port > 65_535) return null;
  if (hostText.startsWith('[')) {
    const host = hostText.slice(1, -1);
    return isIpv6(host) ? { host, port } : null;
  }
  const looksLikeIpv4 = /^[\d.]+$/.test(hostText);
  const isHost = looksLikeIpv4 ? isIpv4(hostText) : hostText.length <= 253 && DNS_NAME.test(hostText);
  return isHost ? { host: hostText, port } : null;
}

/** Whether a checked `host:port` needs no resolver. */
export const isIpEndpoint = (text: string): boolean => /^(\[|[\d.]+:)/.test(text);

const isIpv4 = (text: string): boolean => IPV4.test(text) && !text.endsWith('.');

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const endsInIpv4 = isIpv4(last);
  const hexGroups = endsInIpv4 ? groups.slice(0, -1) : groups;
  if (!hexGroups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const width = hexGroups.length + (endsInIpv4 ? 2 : 0);
  return halves.length === 2 ? width <= 7 : width === 8;
}
