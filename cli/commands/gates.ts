import { Command } from 'commander';
import { messageToJson } from '../../platform/message-json.ts';
import type { ServiceStatus } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatNumber } from '../output/format-number.ts';
import { gateWord, verdicts } from '../output/gate-word.ts';
import { table } from '../output/table.ts';

interface GateRow {
  readonly service: string;
  readonly gate: string;
  readonly verdict: GateVerdict | undefined;
}

export function gatesCommand(context: CliContext): Command {
  return new Command('gates')
    .description('the four verdicts of every service, with their evidence')
    .option('--check', 'exit with 1 unless the mesh is stable')
    .action(async (_options, command: Command) => {
      const call = invocation<{ check?: true }>(context, command);
      const status = await withAdmin(call, (admin) => admin.call(admin.client.getStatus, {}));
      const json = status.services.map(({ service, gates }) => ({
        service,
        gates: gates === undefined ? null : messageToJson('capmesh.v1.GateState', gates),
      }));
      call.print({ stability: status.stability, services: json }, () => [
        `mesh ${status.mesh}: ${status.stability}`,
        '',
        ...gateLines(status.services),
      ]);
      if (call.options.check && status.stability !== 'stable') {
        throw new CliError(EXIT.refused, `the mesh is ${status.stability}`);
      }
    });
}

export function gateLines(services: readonly ServiceStatus[]): string[] {
  const rows: GateRow[] = services.flatMap(({ service, gates }) =>
    verdicts(gates).map(([gate, verdict]) => ({ service, gate, verdict })),
  );
  return table(rows, [
    { title: 'SERVICE', value: (row) => row.service },
    { title: 'GATE', value: (row) => row.gate },
    { title: 'VERDICT', value: (row) => gateWord(row.verdict) },
    { title: 'RATIO', value: (row) => formatNumber(row.verdict?.ratio), right: true },
    { title: 'WORST', value: (row) => row.verdict?.worst || '–' },
    { title: 'REASON', value: (row) => row.verdict?.reason || '–' },
    { title: 'EVIDENCE', value: (row) => evidence(row.verdict) },
  ]);
}

function evidence(verdict: GateVerdict | undefined): string {
  return Object.entries(verdict?.evidence ?? {})
    .map(([name, value]) => `${name}=${formatNumber(value)}`)
    .join(' ');
}
