import { Command } from 'commander';
import { type CliContext, invocation } from '../context.ts';
import type { SimulateOptions } from '../simulate/read-simulation.ts';

export function simulateCommand(context: CliContext): Command {
  const list = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  return new Command('simulate')
    .description('what your mesh would do under a load, without running it: calls, refusals, latency, gates')
    .requiredOption('-f, --file <file>', 'the mesh file, YAML or JSON')
    .option('--seconds <number>', 'simulated time; default: 600')
    .option('--load <workload/service=rps>', 'calls a second; default: 70 % of the guarantee', list)
    .option('--service <name=8x20ms>', 'servers and mean work of a call; default: by the declared capacity', list)
    .option('--load-file <file>', 'load and services in a file')
    .option('--nodes <count>', 'Envoys; default: 2')
    .option('--seed <number>', 'of all chance; default: 1')
    .option('--without', 'the same mesh without Capmesh: nothing is limited')
    .action(async (_options, command: Command) => {
      const call = invocation<SimulateOptions>(context, command);
      const { readSimulation } = await import('../simulate/read-simulation.ts');
      const { simulate } = await import('../simulate/simulate-mesh.ts');
      const { simulationLines } = await import('../simulate/simulation-lines.ts');
      const input = readSimulation(context, call.options);
      const simulated = simulate(input);
      await call.print(
        () => ({ ...simulated, timeline: Object.fromEntries(simulated.timeline) }),
        () => simulationLines(input, simulated),
      );
    });
}
