import { Command } from 'commander';
import {
  type GateForecast,
  type ServiceForecast,
  WhatIfRequest,
  type WhatIfResponse,
} from '../../proto/gen/capmesh/v1/admin_service.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { formatNumber } from '../output/format-number.ts';
import { gateWord, statusWord } from '../output/gate-word.ts';
import { problemLines } from '../output/problem-lines.ts';
import { table } from '../output/table.ts';
import { toJson } from '../output/to-json.ts';
import { parseFraction } from '../parse-options.ts';

interface WhatIfOptions {
  readonly file?: string;
  readonly prune?: true;
  readonly geo?: number;
  readonly int?: number;
  readonly gauge?: number;
  readonly ptr?: number;
  readonly obs?: number;
}

export function whatIfCommand(context: CliContext): Command {
  return new Command('whatif')
    .description('what a mesh file, or one more grant, would do to the gates; changes nothing')
    .argument('[workload]', 'who would ask for the grant')
    .option('-f, --file <file>', 'a mesh file instead, YAML or JSON')
    .option('--prune', 'as if services, workloads and budgets that the file does not name were deleted')
    .option('--geo <fraction>', 'component of the grant, 0 … 1; left out: what the budget says', parseFraction)
    .option('--int <fraction>', 'share of its rate', parseFraction)
    .option('--gauge <fraction>', 'consistency level', parseFraction)
    .option('--ptr <fraction>', 'share of its concurrency', parseFraction)
    .option('--obs <fraction>', 'share of its observation', parseFraction)
    .action(async (workload: string | undefined, _options, command: Command) => {
      const call = invocation<WhatIfOptions>(context, command);
      const request = await requestOf(call, workload);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.whatIf, request));
      if (answer.problems.length > 0) {
        throw new CliError(EXIT.refused, problemLines('error', answer.problems).join('\n'));
      }
      await call.print(
        () => toJson('capmesh.v1.WhatIfResponse', answer),
        () => whatIfLines(answer),
      );
      if (!answer.admitted) throw new CliError(EXIT.refused, answer.message);
    });
}

async function requestOf({ context, options }: Invocation<WhatIfOptions>, workload = ''): Promise<WhatIfRequest> {
  const { file, prune = false, geo, int, gauge, ptr, obs } = options;
  if ((file === undefined) === (workload === '')) {
    throw new CliError(
      EXIT.usage,
      'name a workload, or a mesh file with -f',
      'For example: capmesh whatif -f mesh.yaml',
    );
  }
  if (file === undefined) {
    const capacityVector = { cGeo: geo, cInt: int, cGauge: gauge, cPtr: ptr, cObs: obs };
    return WhatIfRequest.create({ workload, capacityVector });
  }
  const { readMeshFile } = await import('../mesh-file.ts');
  return WhatIfRequest.create({ mesh: readMeshFile(context, file), prune });
}

interface ForecastRow {
  readonly service: ServiceForecast;
  readonly gate: GateForecast;
}

export function whatIfLines({ services, admitted, conditional, available }: WhatIfResponse): string[] {
  const rows: ForecastRow[] = services.flatMap((service) => service.gates.map((gate) => ({ service, gate })));
  const condition = conditional ? ', on condition: not every gate can be predicted' : '';
  return [
    ...(rows.length === 0 ? ['no service would notice'] : table(rows, COLUMNS)),
    admitted ? `no gate would come too close to its threshold${condition}` : 'too close to a threshold',
    ...(available === undefined ? [] : [`would be admitted: ${vectorWords(available)}`]),
  ];
}

const COLUMNS = [
  { title: 'SERVICE', value: ({ service }: ForecastRow) => service.service },
  { title: 'CALLS/s', value: ({ service }: ForecastRow) => nowThen(service.nowRps, service.thenRps) },
  { title: 'CAPACITY/s', value: ({ service }: ForecastRow) => formatNumber(service.capacityRps), right: true },
  { title: 'GATE', value: ({ gate }: ForecastRow) => gate.gate },
  { title: 'U', value: ({ gate }: ForecastRow) => nowThen(gate.now?.ratio, gate.ratio) },
  { title: 'VERDICT', value: ({ gate }: ForecastRow) => `${gateWord(gate.now)} → ${statusWord(gate.status)}` },
  { title: 'WORST', value: ({ gate }: ForecastRow) => gate.worst || '–' },
  { title: 'REASON', value: ({ gate }: ForecastRow) => gate.reason || '–' },
] as const;

const nowThen = (now: number | undefined, then: number | undefined): string =>
  `${formatNumber(now)} → ${formatNumber(then)}`;

function vectorWords(vector: NonNullable<WhatIfResponse['available']>): string {
  const axes = { geo: vector.cGeo, int: vector.cInt, gauge: vector.cGauge, ptr: vector.cPtr, obs: vector.cObs };
  const words = Object.entries(axes).flatMap(([axis, share]) =>
    share === undefined ? [] : [`${axis} ${formatNumber(share)}`],
  );
  return words.length === 0 ? 'a grant without a vector' : words.join(', ');
}
