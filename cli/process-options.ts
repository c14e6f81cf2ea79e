import { InvalidArgumentError, Option } from 'commander';
import type { ListenAddress } from '../platform/listen-address.ts';

/** An option of a long-running process, which containers set by environment. */
export function processOption(flags: string, variable: string, description: string): Option {
  return new Option(flags, `${description} (${variable})`).env(variable);
}

/** Options by which a process reaches NATS as a user of its own. */
export interface NatsFlags {
  readonly nats: readonly string[];
  readonly nkeyFile: string;
  readonly natsCaFile?: string;
}

export function natsOptions(): Option[] {
  return [
    processOption('--nats <addresses>', 'CAPMESH_NATS', 'host:port of nats-servers, separated by commas')
      .argParser(parseAddresses)
      .default(['127.0.0.1:4222'], '127.0.0.1:4222'),
    processOption(
      '--nkey-file <file>',
      'CAPMESH_NKEY_FILE',
      'file with the nkey seed of this process',
    ).makeOptionMandatory(),
    processOption(
      '--nats-ca-file <file>',
      'CAPMESH_NATS_CA_FILE',
      'CA of the servers; with it NATS is spoken over TLS',
    ),
  ];
}

/** What `connectNats` takes. */
export function natsFrom({ nats, nkeyFile, natsCaFile }: NatsFlags) {
  return {
    servers: nats,
    nkeySeedFile: nkeyFile,
    tls: natsCaFile === undefined ? undefined : { caFile: natsCaFile },
  };
}

/** `unix:<path>` or `host:port`. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) return { path: text.slice('unix:'.length) };
  return parseTcpAddress(text);
}

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`; IPv6 hosts in brackets. */
export function parseTcpAddress(text: string): TcpAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) throw new InvalidArgumentError('Give host:port.');
  return { host: match[1] ?? (match[2] as string), port: Number(match[3]) };
}

function parseAddresses(text: string): string[] {
  return text.split(',').map((address) => address.trim());
}
