import { Command } from 'commander';
import { type CliContext, invocation } from '../context.ts';
import { parseCount, parseLocalities } from '../parse-options.ts';
import { parseTcpAddress } from '../process-options.ts';
import type { PrepareOptions } from '../up/prepare-files.ts';
import { LOCALITIES_HELP, TRACE_COLLECTOR_HELP } from '../up/up-options.ts';

export function prepareCommand(context: CliContext): Command {
  return new Command('prepare')
    .description('write keys, nats.conf and bootstraps for a mesh whose parts run in containers of their own')
    .option('--mesh <name>', 'name of the mesh', 'shop')
    .option('--nodes <count>', 'how many Envoys, each with its sidecar', parseCount, 1)
    .option('--localities <places>', LOCALITIES_HELP, parseLocalities)
    .option('--trace-collector <address>', TRACE_COLLECTOR_HELP, parseTcpAddress)
    .option('--nats-store <folder>', 'where nats-server keeps its streams', '/data')
    .option('--control-plane-host <host>', 'where Envoy finds the control plane', 'control-plane')
    .action(async (_options, command: Command) => {
      const call = invocation<PrepareOptions>(context, command);
      const { prepareFiles } = await import('../up/prepare-files.ts');
      const files = prepareFiles(call.state, call.options);
      await call.print(
        () => ({ files }),
        () => files.map((file) => `wrote ${file}`),
      );
    });
}
