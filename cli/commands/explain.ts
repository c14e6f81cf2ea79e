import { Command, Option } from 'commander';
import { REFUSAL_REASONS } from '../../core/admission/refusal-reason.ts';
import type { ExplainResponse, RefusalExplanation } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { ExplainRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { problemLines } from '../output/problem-lines.ts';
import { table } from '../output/table.ts';
import { timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';

interface ExplainOptions {
  readonly reason?: string;
}

const EXAMPLES = `
Examples:
  capmesh explain checkout payment                        every number of the edge
  capmesh explain 1a2b3c4d-7                              a refusal, by the id in its body
  capmesh explain --reason breaker-open checkout/payment  the newest one of an edge; the way for refusals
                                                          by Envoy itself, whose ids nobody remembers

Exit codes: 0 explained · 1 no such edge, or a refusal that nobody knows or remembers ·
2 wrong command line · 3 control plane not reachable · 4 admin token missing or not accepted`;

export function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description('every number of an edge, with the formula and the figures it came from; or why a call was refused')
    .argument('<subject>', 'who calls, <workload>/<service>, or the id of a refusal')
    .argument('[service]', 'what is called')
    .addOption(
      new Option(
        '--reason <reason>',
        'the newest refusal of the edge for this reason, as in x-capacity-denied',
      ).choices(REFUSAL_REASONS),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (subject: string, service: string | undefined, _options, command: Command) => {
      const call = invocation<ExplainOptions>(context, command);
      const request = requestOf(subject, service, call.options.reason);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.explain, request));
      if (answer.problems.length > 0) {
        throw new CliError(EXIT.refused, problemLines('error', answer.problems).join('\n'), hintFor(request));
      }
      await call.print(
        () => toJson('capmesh.v1.ExplainResponse', answer),
        () => explainLines(answer),
      );
    });
}

function requestOf(subject: string, service: string | undefined, reason = ''): ExplainRequest {
  const [workload = '', second] = service === undefined ? subject.split('/', 2) : [subject, service];
  if (second !== undefined) return ExplainRequest.fromPartial({ workload, service: second, reason });
  if (reason !== '') {
    throw new CliError(EXIT.usage, '--reason: needs the edge, such as checkout/payment', 'An id needs no --reason.');
  }
  return ExplainRequest.fromPartial({ refusalId: subject });
}

const hintFor = ({ refusalId }: ExplainRequest): string =>
  refusalId === ''
    ? ''
    : 'Ask for the newest refusal of the edge: capmesh explain --reason <x-capacity-denied> <workload>/<service>.';

function explainLines({ refusal, steps }: ExplainResponse): string[] {
  if (refusal !== undefined) return refusalLines(refusal);
  return table(steps, [
    { title: 'QUANTITY', value: (step) => step.quantity },
    { title: 'VALUE', value: (step) => step.result },
    { title: 'FORMULA', value: (step) => step.formula },
    { title: 'WITH NUMBERS', value: (step) => step.substitution },
  ]);
}

function refusalLines({ sentence, record }: RefusalExplanation): string[] {
  if (record === undefined) return [sentence];
  const { id, workload, service, reason, node, at } = record;
  return [`${id}: ${reason} for ${workload}/${service} on ${node}, ${timeOf(at)}`, sentence];
}
