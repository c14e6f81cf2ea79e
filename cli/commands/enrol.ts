import { Command } from 'commander';
import { writePrivate } from '../../platform/write-private.ts';
import type { AdminClient } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, invocation } from '../context.ts';
import { type Connection, withAdmin } from '../grpc-connection.ts';
import type { StateFolder } from '../state-folder.ts';

export function enrolCommand(context: CliContext): Command {
  return new Command('enrol')
    .description('give a workload a new enrolment secret, kept in the state folder')
    .argument('<workload>', 'who calls')
    .action(async (workload: string, _options, command: Command) => {
      const call = invocation(context, command);
      const file = await withAdmin(call, (admin) => enrol(admin, call.state, workload));
      await call.print(
        () => ({ workload, secretFile: file }),
        () => [`${workload} is enrolled: ${file}`],
      );
    });
}

/** Asks for a new secret and stores it where `call` and `token request` look; answers the file. */
export async function enrol(admin: Connection<AdminClient>, state: StateFolder, workload: string): Promise<string> {
  const { secret } = await admin.call(admin.client.enrol, { workload });
  const file = state.credentialFile(workload);
  writePrivate(file, `${secret}\n`);
  return file;
}
