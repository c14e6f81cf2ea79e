import { Command } from 'commander';
import type { ServiceStatus, Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatNumber } from '../output/format-number.ts';
import { gateWord, verdicts } from '../output/gate-word.ts';
import { table } from '../output/table.ts';
import { toJson } from '../output/to-json.ts';

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
      await call.print(
        () => gatesJson(status),
        () => [`mesh ${status.mesh}: ${status.stability}`, '', ...gateLines(status.services)],
      );
      if (call.options.check && status.stability !== 'stable') {
        throw new CliError(EXIT.refused, `the mesh is ${status.stability}`);
      }
    });
}

async function gatesJson({ stability, services }: Status): Promise<object> {
  const verdictsOf = services.map(async ({ service, gates }) => ({
    service,
    gates: gates === undefined ? null : await toJson('capmesh.v1.GateState', gates),
  }));
  return { stability, services: await Promise.all(verdictsOf) };
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
