import { Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import type { LatticeOptions } from '../lattice/lattice-sweep.ts';
import { parseFractions, parseInteger } from '../parse-options.ts';

const HELP = `
Without options: the tables that Framework v4.5 publishes, computed anew, and which of its statements hold.
With any of them: a sweep of your own, in the sound form unless --parity asks for the reference with its faults
(a dimension twice the true one, C_geo nowhere in the correlator, gates that cannot fail).`;

export function sweepLatticeCommand(context: CliContext): Command {
  return new Command('lattice')
    .description(
      'Framework v4.5 on a periodic lattice: gates and spectral dimension by C_geo and C_int, no mesh needed',
    )
    .option('--n <sites>', 'sites along each axis; default: 64', parseInteger)
    .option('--dims <count>', 'axes of the lattice; default: 3', parseInteger)
    .option('--geo <list>', 'C_geo, such as 0.33,0.66,1; default: 0.1,0.25,0.5,0.75,1', parseFractions)
    .option('--int <list>', 'C_int; default: 0,0.5,1', parseFractions)
    .option('--paired', 'take C_geo and C_int together, value by value, instead of each with each')
    .option('--parity', 'reproduce the reference with its faults')
    .addHelpText('after', HELP)
    .action(async (_options, command: Command) => {
      const call = invocation<LatticeOptions>(context, command);
      const lattice = await import('../lattice/lattice-sweep.ts');
      try {
        const { json, lines } = lattice.latticeSweep(call.options);
        await call.print(json, lines);
      } catch (error) {
        if (error instanceof RangeError) throw new CliError(EXIT.usage, error.message);
        throw error;
      }
    });
}
