import { Command } from 'commander';
import { millisecondsOf } from '../../platform/protobuf-time.ts';
import type {
  CorrelatorRow,
  NodeResources,
  ServiceMetrics,
  Spectrum,
  Substrate,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatNumber } from '../output/format-number.ts';
import { type Column, table } from '../output/table.ts';
import { toJson } from '../output/to-json.ts';

export function substrateCommand(context: CliContext): Command {
  return new Command('substrate')
    .description('what is measured: services, hosts, who calls whom, and where the mesh falls apart most easily')
    .action(async (_options, command: Command) => {
      const call = invocation(context, command);
      const substrate = await withAdmin(call, (admin) => admin.call(admin.client.getSubstrate, {}));
      await call.print(
        () => toJson('capmesh.v1.Substrate', substrate),
        () => substrateLines(substrate),
      );
    });
}

export function substrateLines(substrate: Substrate): string[] {
  const { mesh, timestamp, serviceMetrics, resourceMetrics, correlator, eigenvalueSpectrum } = substrate;
  const at = timestamp === undefined ? 'never' : new Date(millisecondsOf(timestamp)).toISOString();
  return [
    `mesh ${mesh}, measured ${at}`,
    '',
    ...table(serviceMetrics, SERVICE_COLUMNS),
    ...(resourceMetrics.length === 0
      ? ['', 'no node has told of its host']
      : ['', ...table(resourceMetrics, NODE_COLUMNS)]),
    ...(correlator.length === 0 ? [] : ['', 'calls/s seen (expected)', ...matrix(correlator)]),
    '',
    ...(eigenvalueSpectrum === undefined ? [] : spectrumLines(eigenvalueSpectrum)),
  ];
}

const SERVICE_COLUMNS: readonly Column<ServiceMetrics>[] = [
  { title: 'SERVICE', value: (row) => row.service },
  { title: 'LOAD/s', value: (row) => formatNumber(row.samples.at(-1)?.loadRps), right: true },
  { title: 'LATENCY ms', value: (row) => formatNumber(row.samples.at(-1)?.latencyMs), right: true },
  { title: 'ERRORS', value: (row) => percent(row.samples.at(-1)?.errorRatio), right: true },
  { title: 'IN FLIGHT', value: (row) => formatNumber(row.samples.at(-1)?.inFlight), right: true },
  { title: 'TICKS', value: (row) => String(row.samples.length), right: true },
];

const NODE_COLUMNS: readonly Column<NodeResources>[] = [
  { title: 'NODE', value: (row) => row.node },
  { title: 'CPU', value: (row) => percent(row.resources?.cpuRatio), right: true },
  { title: 'MEMORY', value: (row) => mebibytes(row.resources?.memoryUsedBytes), right: true },
  { title: 'OF', value: (row) => mebibytes(row.resources?.memoryTotalBytes), right: true },
  { title: 'NETWORK', value: (row) => mebibytes(row.resources?.networkBytes), right: true },
  { title: 'DISK', value: (row) => mebibytes(row.resources?.diskBytes), right: true },
];

const percent = (ratio: number | undefined): string => (ratio === undefined ? '–' : `${formatNumber(100 * ratio)} %`);

const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '–' : `${formatNumber(Math.round(bytes / 2 ** 20))} MiB`;

/** One row per caller, one column per callee. */
function matrix(rows: readonly CorrelatorRow[]): string[] {
  const callees = [...new Set(rows.flatMap(({ cells }) => cells.map(({ callee }) => callee)))];
  return table(rows, [
    { title: 'CALLER', value: ({ caller }) => caller },
    ...callees.map((callee): Column<CorrelatorRow> => ({ title: callee, value: (row) => cellText(row, callee) })),
  ]);
}

function cellText({ cells }: CorrelatorRow, callee: string): string {
  const cell = cells.find((each) => each.callee === callee);
  if (cell === undefined) return '–';
  const expected = cell.expectedRps === undefined ? '' : ` (${formatNumber(cell.expectedRps)})`;
  return `${formatNumber(cell.observedRps)}${expected}`;
}

function spectrumLines(spectrum: Spectrum): string[] {
  const { lambda1, lambdaMax, zeroMultiplicity, spectralDimension, dimensionReason, converged } = spectrum;
  const { blastRadius, conductance } = spectrum;
  if (lambda1 === undefined) return [`spectrum: nobody calls anybody (${zeroMultiplicity} nodes)`];
  const dimension = spectralDimension === undefined ? `none (${dimensionReason})` : formatNumber(spectralDimension);
  const parts = `${zeroMultiplicity} ${zeroMultiplicity === 1 ? 'part' : 'parts'}`;
  const doubt = converged ? '' : ', estimates';
  return [
    `spectrum: λ1 ${formatNumber(lambda1)}, λ_max ${formatNumber(lambdaMax)}, dimension ${dimension}, ${parts}${doubt}`,
    ...(blastRadius.length === 0
      ? []
      : [`blast radius: ${blastRadius.join(', ')} (${percent(conductance)} of its calls cross its edge)`]),
  ];
}
