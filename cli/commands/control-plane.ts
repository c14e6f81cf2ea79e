import { Command } from 'commander';
import { createLogger, type Logger } from '../../platform/logger.ts';
import { DEFAULT_PORTS } from '../../platform/ports.ts';
import { type CliContext, invocation } from '../context.ts';
import {
  type NatsFlags,
  natsFrom,
  natsOptions,
  parseTcpAddress,
  processOption,
  type TcpAddress,
} from '../process-options.ts';
import { runService, type Service } from '../run-service.ts';

/** What a control plane is told. */
export interface ControlPlaneSettings {
  readonly mesh: string;
  readonly xds: TcpAddress;
  readonly grpc: TcpAddress;
  readonly rest: TcpAddress;
  readonly nats: ReturnType<typeof natsFrom>;
  readonly adminTokenFile: string;
  readonly stateDir: string;
  readonly recordFolder: string | undefined;
  readonly logger: Logger;
  /** Ends the wait for the store. */
  readonly signal: AbortSignal;
}

interface Flags extends NatsFlags {
  readonly mesh: string;
  readonly xds: TcpAddress;
  readonly grpc: TcpAddress;
  readonly rest: TcpAddress;
  readonly record?: string;
}

export function controlPlaneCommand(
  context: CliContext,
  start: (settings: ControlPlaneSettings) => Promise<Service>,
): Command {
  const command = new Command('control-plane')
    .description('run the control plane: xDS for Envoy, gRPC and REST for operators and workloads')
    .addOption(processOption('--mesh <name>', 'CAPMESH_MESH', 'name of the mesh').makeOptionMandatory())
    .addOption(doorOption('xds', 'for Envoys'))
    .addOption(doorOption('grpc', 'Capacity and Admin services'))
    .addOption(doorOption('rest', 'REST, /metrics, /healthz, /readyz'))
    .addOption(processOption('--record <folder>', 'CAPMESH_RECORD', 'record every decision there for capmesh replay'));
  for (const option of natsOptions()) command.addOption(option);
  return command.action(async (_options, self: Command) => {
    const { options, state } = invocation<Flags>(context, self);
    const adminTokenFile = options.adminTokenFile ?? context.env.CAPMESH_ADMIN_TOKEN_FILE ?? state.ensureAdminToken();
    const settings = {
      mesh: options.mesh,
      xds: options.xds,
      grpc: options.grpc,
      rest: options.rest,
      nats: natsFrom(options),
      adminTokenFile,
      stateDir: state.makeFolder(),
      recordFolder: options.record,
      logger: createLogger('control-plane'),
      signal: context.signal,
    };
    await runService(() => start(settings), context.signal);
  });
}

function doorOption(name: 'xds' | 'grpc' | 'rest', description: string) {
  const port = DEFAULT_PORTS[name];
  return processOption(`--${name} <address>`, `CAPMESH_${name.toUpperCase()}`, description)
    .argParser(parseTcpAddress)
    .default({ host: '127.0.0.1', port }, `127.0.0.1:${port}`);
}
