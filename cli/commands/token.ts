import { Command } from 'commander';
import { requestToken } from '../capacity-token.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withCapacity } from '../grpc-connection.ts';
import { timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';
import { parseDurationMs, parseFraction } from '../parse-options.ts';
import { revokeTokenCommand } from './revoke-token.ts';

interface RequestOptions {
  readonly geo?: number;
  readonly int?: number;
  readonly gauge?: number;
  readonly ptr?: number;
  readonly obs?: number;
  readonly duration?: number;
}

export function tokenCommand(context: CliContext): Command {
  return new Command('token')
    .description('capacity tokens: ask for them, give them back, revoke them')
    .addCommand(requestCommand(context))
    .addCommand(releaseCommand(context))
    .addCommand(revokeTokenCommand(context));
}

function requestCommand(context: CliContext): Command {
  const command = new Command('request')
    .description('ask for a grant; prints the token on stdout and what it grants on stderr')
    .argument('<workload>', 'who calls');
  for (const axis of ['geo', 'int', 'gauge', 'ptr', 'obs']) {
    command.option(`--${axis} <fraction>`, "share of the workload's budgets", parseFraction);
  }
  return command
    .option('--duration <time>', '1s … 1h, for example 15m (default: 1h)', parseDurationMs)
    .action(async (workload: string, _options, self: Command) => {
      const call = invocation<RequestOptions>(context, self);
      const { geo, int, gauge, ptr, obs, duration } = call.options;
      const asked = [geo, int, gauge, ptr, obs].some((value) => value !== undefined);
      const vector = { cGeo: geo, cInt: int, cGauge: gauge, cPtr: ptr, cObs: obs };
      const answer = await requestToken(call, workload, asked ? vector : undefined, duration);
      await call.print(
        () => toJson('capmesh.v1.RequestCapacityResponse', answer),
        () => {
          const conditional = answer.conditional ? ', conditional: some gate cannot be judged yet' : '';
          context.err(`grant ${answer.grantId}, until ${timeOf(answer.expiresAt)}${conditional}`);
          return [answer.capacityToken];
        },
      );
    });
}

function releaseCommand(context: CliContext): Command {
  return new Command('release')
    .description('give a grant back before it ends')
    .argument('<workload>', 'who calls')
    .argument('<grant>', 'id of the grant, as "token request" shows it')
    .action(async (workloadId: string, grantId: string, _options, self: Command) => {
      const call = invocation(context, self);
      const { released } = await withCapacity(call, workloadId, (capacity) =>
        capacity.call(capacity.client.releaseCapacity, { workloadId, grantId }),
      );
      if (!released) throw new CliError(EXIT.refused, `${workloadId} has no grant ${grantId}`);
      await call.print(
        () => ({ released }),
        () => [`released ${grantId}`],
      );
    });
}
