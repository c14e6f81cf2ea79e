import { Command } from 'commander';
import { MESH_SCHEMA } from '../../core/mesh/mesh-schema.ts';
import type { CliContext } from '../context.ts';

export function schemaCommand(context: CliContext): Command {
  return new Command('schema')
    .description('print the JSON Schema of the mesh file')
    .action(() => context.out(JSON.stringify(MESH_SCHEMA, null, 2)));
}
