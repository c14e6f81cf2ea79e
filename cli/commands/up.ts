import { Command } from 'commander';
import { type CliContext, invocation } from '../context.ts';
import { parseCount, parseLocalities, parsePortChoice } from '../parse-options.ts';
import { parseTcpAddress } from '../process-options.ts';
import { DEFAULT_MESH, LOCALITIES_HELP, TRACE_COLLECTOR_HELP, type UpOptions } from '../up/up-options.ts';

export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description('run a whole mesh here: nats-server, control plane, and per node a sidecar and an Envoy')
    .option('--nodes <count>', 'how many Envoys, each with its sidecar', parseCount, 1)
    .option('--localities <places>', LOCALITIES_HELP, parseLocalities)
    .option('--trace-collector <address>', TRACE_COLLECTOR_HELP, parseTcpAddress)
    .option('--mesh-file <file>', 'apply this file once the mesh runs, and enrol its workloads')
    .option('--mesh <name>', `name of the mesh; default: that of the mesh file, else ${DEFAULT_MESH}`)
    .option('--example', 'also run the services of the example mesh')
    .option('--port-base <port>', 'first of consecutive ports; 0 or auto: all chosen by the OS', parsePortChoice)
    .option('--record <folder>', 'record every decision of the kernel there, for capmesh replay')
    .option('--envoy-workers <count>', 'worker threads of each Envoy', parseCount, 1)
    .action(async (_options, command: Command) => {
      const call = invocation<UpOptions>(context, command);
      // Loaded by the one command that runs a mesh: the others start faster without it.
      const { runMesh } = await import('../up/run-mesh.ts');
      await runMesh(call);
    });
}
