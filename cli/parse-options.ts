import { InvalidArgumentError } from 'commander';
import { NAME_PATTERN } from '../core/mesh/names.ts';
import type { Locality } from '../core/mesh/service-endpoint.ts';
import type { PortChoice } from '../platform/ports.ts';

/** Parsers for option values; commander prints what they throw and exits with the usage code. */
export function parseInteger(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

/** A component of a capacity vector: a fraction. */
export function parseFraction(text: string): number {
  const value = parsePositive(text);
  if (value > 1) throw new InvalidArgumentError('Give a fraction between 0 and 1.');
  return value;
}

/** `0.33,0.66,1`: components of several capacity vectors. */
export const parseFractions = (text: string): number[] => text.split(',').map(parseFraction);

/** A component that may also be taken away: `none` sets no limit on that axis. */
export function parseFractionOrNone(text: string): number | 'none' {
  return text === 'none' ? text : parseFraction(text);
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Give a number, 0 or more.');
  }
  return value;
}

/** `90`, `90s`, `15m` or `1h`, in ms; the mesh grants 1 s to 1 h. */
export function parseDurationMs(text: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Give a time such as 90s, 15m or 1h.');
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] as number;
  return Number(match[1]) * unitMs;
}

/** `host:port`. */
export function parseAddress(text: string): string {
  if (!/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/.test(text)) throw new InvalidArgumentError('Give host:port.');
  return text;
}

/** How many of something: 1 … 64. */
export function parseCount(text: string): number {
  const count = parseInteger(text);
  if (count < 1 || count > 64) throw new InvalidArgumentError('Give a number from 1 to 64.');
  return count;
}

/** `region/zone/sub-zone` of one node after the other, separated by commas; the end of each may be left out. */
export function parseLocalities(text: string): Locality[] {
  return text.split(',').map((place) => {
    const parts = place.split('/');
    if (parts.length > 3 || !parts.every((part) => new RegExp(NAME_PATTERN).test(part))) {
      throw new InvalidArgumentError('Give region/zone/sub-zone of each node, such as eu/eu-a,eu/eu-b.');
    }
    const [region, zone, subZone] = parts;
    return { region, zone, subZone };
  });
}

/** `0` and `auto` leave every port to the OS; a number is the first of consecutive ones. */
export function parsePortChoice(text: string): PortChoice {
  if (text === 'defaults') return 'defaults';
  if (text === 'auto') return 'auto';
  const port = parseInteger(text);
  if (port > 65_000) throw new InvalidArgumentError('Give a port below 65000.');
  return port === 0 ? 'auto' : port;
}
