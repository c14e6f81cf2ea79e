import { Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { checkConnections } from '../doctor/check-connections.ts';
import { checkPrograms } from '../doctor/check-programs.ts';
import { checkStateFolder } from '../doctor/check-state-folder.ts';
import type { Finding } from '../doctor/finding.ts';

export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description('check programs, ports, files and connections, and say what to do')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const findings = [
        ...(await checkPrograms(context.env)),
        ...checkStateFolder(call.state),
        ...(await checkConnections(call)),
      ];
      await call.print(
        () => findings,
        () => findings.flatMap(findingLines),
      );
      if (findings.some(({ level }) => level === 'fail')) throw new CliError(EXIT.refused, '');
    });
}

function findingLines({ check, level, message, todo }: Finding): string[] {
  const line = `${level.padEnd(4)}  ${check.padEnd(13)}  ${message}`;
  return todo === '' ? [line] : [line, `${' '.repeat(21)}→ ${todo}`];
}
