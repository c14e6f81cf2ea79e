import { Command } from 'commander';
import { millisecondsOf } from '../../platform/protobuf-time.ts';
import type { CheckOperationRequest, CheckOperationResponse } from '../../proto/gen/capmesh/v1/operation_service.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withOperations } from '../grpc-connection.ts';
import { refusalLines } from '../output/refusal-lines.ts';
import { toJson } from '../output/to-json.ts';
import { parsePositive } from '../parse-options.ts';
import { readTokenFile } from '../token-file.ts';

interface CheckOptions {
  readonly tokenFile: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly settle?: true;
}

const EXIT_CODES = `
Exit codes: 0 allowed · 1 refused · 2 wrong command line · 3 no control plane or no sidecar answers ·
4 no token`;

export function checkCommand(context: CliContext): Command {
  return new Command('check')
    .description('ask whether an operation that passes no Envoy may run now; it is charged like a call')
    .argument(
      '<service-or-operation>',
      'service, or what the workload calls the operation where it has one budget only',
    )
    .requiredOption('--token-file <file>', 'capacity token; - reads it from stdin')
    .option('--cpu <ms>', 'CPU-ms that it is thought to need', parsePositive)
    .option('--memory <MiB>', 'MiB that it is thought to hold', parsePositive)
    .option('--settle', 'settle it at once, as estimated; without it is open until its time-out, or settled by its id')
    .addHelpText('after', EXIT_CODES)
    .action(async (operationType: string, _options, command: Command) => {
      const call = invocation<CheckOptions>(context, command);
      const token = readTokenFile(context, call.options.tokenFile);
      const request = checkRequest(token, operationType, call.options);
      const { answer, settled } = await withOperations(call, async (operations) => {
        const checked = await operations.call(operations.client.checkOperation, request);
        if (!checked.allowed || call.options.settle === undefined) return { answer: checked, settled: null };
        const end = { token, operationId: checked.operationId, actualLoad: undefined };
        return { answer: checked, ...(await operations.call(operations.client.settleOperation, end)) };
      });
      await call.print(
        async () => ({ ...(await toJson('capmesh.v1.CheckOperationResponse', answer)), settled }),
        () => (answer.allowed ? allowedLines(answer, settled) : refusedLines(answer)),
      );
      if (!answer.allowed) throw new CliError(EXIT.refused, '');
    });
}

const checkRequest = (token: string, operationType: string, { cpu, memory }: CheckOptions): CheckOperationRequest => ({
  token,
  operationType,
  estimatedLoad: cpu === undefined && memory === undefined ? undefined : { cpu: cpu ?? 0, memoryMb: memory ?? 0 },
  service: '',
  priority: undefined,
  attempt: 1,
});

function allowedLines({ edge, operationId }: CheckOperationResponse, settled: boolean | null): string[] {
  const end = { true: 'settled', false: 'not settled: it is not open any more', null: `open as ${operationId}` };
  return [`allowed on ${edge}, ${end[`${settled}`]}`];
}

const refusedLines = ({ refusalId, retryAfter, ...answer }: CheckOperationResponse): string[] =>
  refusalLines({ ...answer, id: refusalId, retryAfterMs: retryAfter && millisecondsOf(retryAfter) });
