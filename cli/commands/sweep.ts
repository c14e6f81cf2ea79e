import { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { sweepLatticeCommand } from './sweep-lattice.ts';
import { sweepMeshCommand } from './sweep-mesh.ts';

export function sweepCommand(context: CliContext): Command {
  return new Command('sweep')
    .description('evaluate many capacity vectors and show where the gates stay open')
    .addCommand(sweepMeshCommand(context))
    .addCommand(sweepLatticeCommand(context));
}
