import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { exampleMesh } from '../example-mesh.ts';
import { putMeshInForce } from '../put-mesh-in-force.ts';
import { changeLines } from './apply.ts';
import { rolloutLines } from './status.ts';

interface InitOptions {
  readonly file: string;
}

export function initCommand(context: CliContext): Command {
  return new Command('init')
    .description('write an example mesh file; with a mesh running, apply it and enrol its workloads')
    .option('-f, --file <file>', 'where to write it; a file that exists stays as it is', 'mesh.yaml')
    .action(async (_options, command: Command) => {
      const call = invocation<InitOptions>(context, command);
      const written = writeExample(call);
      const lines = [written ? `wrote ${call.options.file}` : `${call.options.file} exists, it stays as it is`];
      try {
        const { readMeshFile } = await import('../mesh-file.ts');
        const { answer, enrolled, rollout } = await putMeshInForce(call, readMeshFile(context, call.options.file));
        await call.print(
          () => ({ file: call.options.file, written, changed: answer.changed, enrolled }),
          () => [
            ...lines,
            ...changeLines(answer.changed, false),
            ...Object.entries(enrolled).map(([workload, file]) => `enrolled ${workload}: ${file}`),
            ...(rollout === undefined ? [] : rolloutLines(rollout)),
          ],
        );
      } catch (error) {
        if (namesServer(call) || !(error instanceof CliError) || !isNotRunning(error)) throw error;
        await call.print(
          () => ({ file: call.options.file, written, changed: [], enrolled: {} }),
          () => [
            ...lines,
            'no mesh is running: start one with "capmesh up", then "capmesh init" again applies the file',
          ],
        );
      }
    });
}

/** Who names a control plane wants the file applied there, not just written. */
const namesServer = ({ options, context }: Invocation<InitOptions>): boolean =>
  (options.server ?? context.env.CAPMESH_SERVER) !== undefined;

const isNotRunning = ({ exitCode }: CliError): boolean =>
  exitCode === EXIT.unreachable || exitCode === EXIT.credentials;

function writeExample({ context, options, state }: Invocation<InitOptions>): boolean {
  const file = resolve(context.cwd, options.file);
  if (existsSync(file)) return false;
  const examples = state.running()?.examples ?? {};
  writeFileSync(file, Object.keys(examples).length === 0 ? exampleMesh() : exampleMesh(examples));
  return true;
}
