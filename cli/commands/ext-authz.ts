import { Command } from 'commander';
import type { ListenAddress } from '../../platform/listen-address.ts';
import { createLogger, type Logger } from '../../platform/logger.ts';
import { DEFAULT_PORTS } from '../../platform/ports.ts';
import { type CliContext, invocation } from '../context.ts';
import {
  type NatsFlags,
  natsFrom,
  natsOptions,
  parseListenAddress,
  parseTcpAddress,
  processOption,
  type TcpAddress,
} from '../process-options.ts';
import { runService, type Service } from '../run-service.ts';

/** What the sidecar of one Envoy is told. */
export interface ExtAuthzSettings {
  readonly mesh: string;
  readonly node: string;
  readonly checkAddress: ListenAddress | undefined;
  readonly sinksAddress: ListenAddress | undefined;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly nats: ReturnType<typeof natsFrom>;
  readonly stateDir: string;
  readonly logger: Logger;
}

interface Flags extends NatsFlags {
  readonly mesh: string;
  readonly node: string;
  readonly check?: ListenAddress;
  readonly sinks?: ListenAddress;
  readonly health: TcpAddress;
}

export function extAuthzCommand(context: CliContext, start: (settings: ExtAuthzSettings) => Promise<Service>): Command {
  const command = new Command('ext-authz')
    .description('run the sidecar of one Envoy: checks every call, reports what happened')
    .addOption(processOption('--mesh <name>', 'CAPMESH_MESH', 'name of the mesh').makeOptionMandatory())
    .addOption(processOption('--node <name>', 'CAPMESH_NODE', 'id of the Envoy it stands beside').makeOptionMandatory())
    .addOption(
      processOption(
        '--check <address>',
        'CAPMESH_CHECK',
        'where Envoy asks; default: check.sock in the state folder',
      ).argParser(parseListenAddress),
    )
    .addOption(
      processOption(
        '--sinks <address>',
        'CAPMESH_SINKS',
        'for statistics and operations; default: sinks.sock in the state folder',
      ).argParser(parseListenAddress),
    )
    .addOption(
      processOption('--health <address>', 'CAPMESH_HEALTH', '/healthz, /readyz and /metrics')
        .argParser(parseTcpAddress)
        .default({ host: '127.0.0.1', port: DEFAULT_PORTS.health }, `127.0.0.1:${DEFAULT_PORTS.health}`),
    );
  for (const option of natsOptions()) command.addOption(option);
  return command.action(async (_options, self: Command) => {
    const { options, state } = invocation<Flags>(context, self);
    const settings = {
      mesh: options.mesh,
      node: options.node,
      checkAddress: options.check,
      sinksAddress: options.sinks,
      httpHost: options.health.host,
      httpPort: options.health.port,
      nats: natsFrom(options),
      stateDir: state.makeFolder(),
      logger: createLogger(`ext-authz ${options.node}`),
    };
    await runService(() => start(settings), context.signal);
  });
}
