import { Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { problemLines } from '../output/problem-lines.ts';
import { table } from '../output/table.ts';
import { toJson } from '../output/to-json.ts';

export function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description('every number of an edge, with the formula and the figures it came from')
    .argument('<workload>', 'who calls')
    .argument('<service>', 'what is called')
    .action(async (workload: string, service: string, _options, command: Command) => {
      const call = invocation(context, command);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.explain, { workload, service }));
      if (answer.problems.length > 0) {
        throw new CliError(EXIT.refused, problemLines('error', answer.problems).join('\n'));
      }
      await call.print(
        () => toJson('capmesh.v1.ExplainResponse', answer),
        () =>
          table(answer.steps, [
            { title: 'QUANTITY', value: (step) => step.quantity },
            { title: 'VALUE', value: (step) => step.result },
            { title: 'FORMULA', value: (step) => step.formula },
            { title: 'WITH NUMBERS', value: (step) => step.substitution },
          ]),
      );
    });
}
