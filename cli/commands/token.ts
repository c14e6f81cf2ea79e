import { Command } from 'commander';
import type { CapacityVector } from '../../proto/gen/capmesh/v1/capacity.ts';
import type { RequestCapacityResponse } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import { grantNamed, renewToken, requestToken } from '../capacity-token.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { withAdmin, withCapacity } from '../grpc-connection.ts';
import { timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';
import { parseDurationMs, parseFraction } from '../parse-options.ts';
import { inspectTokenCommand } from './inspect-token.ts';

interface GrantOptions {
  readonly geo?: number;
  readonly int?: number;
  readonly gauge?: number;
  readonly ptr?: number;
  readonly obs?: number;
  readonly duration?: number;
}

const EXIT_CODES = `
Exit codes: 0 done; for "inspect": signed by this mesh and in force, as far as that was checked ·
1 not admitted, no such grant, or a token that is not good · 2 wrong command line, or what is no token ·
3 control plane not reachable · 4 credential or token missing, or not accepted`;

export function tokenCommand(context: CliContext): Command {
  return new Command('token')
    .description('capacity tokens: ask for them, renew, inspect, give back, revoke')
    .addHelpText('after', EXIT_CODES)
    .addCommand(requestCommand(context))
    .addCommand(renewCommand(context))
    .addCommand(inspectTokenCommand(context))
    .addCommand(releaseCommand(context))
    .addCommand(revokeCommand(context));
}

/** Options that say how much and how long. */
function withGrantOptions(command: Command): Command {
  for (const axis of ['geo', 'int', 'gauge', 'ptr', 'obs']) {
    command.option(`--${axis} <fraction>`, "share of the workload's budgets", parseFraction);
  }
  return command.option('--duration <time>', '1s … 1h, for example 15m (default: 1h)', parseDurationMs);
}

/** The vector that was asked for; `undefined` where none was. */
function vectorOf({ geo, int, gauge, ptr, obs }: GrantOptions): CapacityVector | undefined {
  const asked = [geo, int, gauge, ptr, obs].some((value) => value !== undefined);
  return asked ? { cGeo: geo, cInt: int, cGauge: gauge, cPtr: ptr, cObs: obs } : undefined;
}

function requestCommand(context: CliContext): Command {
  const command = new Command('request')
    .description('ask for a grant; prints the token on stdout and what it grants on stderr')
    .argument('<workload>', 'who calls');
  return withGrantOptions(command).action(async (workload: string, _options, self: Command) => {
    const call = invocation<GrantOptions>(context, self);
    const answer = await requestToken(call, workload, vectorOf(call.options), call.options.duration);
    await printGrant(call, answer);
  });
}

function renewCommand(context: CliContext): Command {
  const command = new Command('renew')
    .description('a new grant in the place of a live one, whose token is refused from then on; prints the new token')
    .argument('<workload>', 'who calls')
    .argument(
      '<grant>',
      'id of the grant, or - for its token on stdin; without options the new one is as large and holds 1h',
    );
  return withGrantOptions(command).action(async (workload: string, grant: string, _options, self: Command) => {
    const call = invocation<GrantOptions>(context, self);
    const answer = await renewToken(call, workload, grantNamed(context, grant), {
      vector: vectorOf(call.options),
      durationMs: call.options.duration,
    });
    await printGrant(call, answer);
  });
}

const printGrant = (call: Invocation<unknown>, answer: RequestCapacityResponse): Promise<void> =>
  call.print(
    () => toJson('capmesh.v1.RequestCapacityResponse', answer),
    () => {
      const conditional = answer.conditional ? ', conditional: some gate cannot be judged yet' : '';
      call.context.err(`grant ${answer.grantId}, until ${timeOf(answer.expiresAt)}${conditional}`);
      return [answer.capacityToken];
    },
  );

function releaseCommand(context: CliContext): Command {
  return new Command('release')
    .description('give a grant back before it ends')
    .argument('<workload>', 'who calls')
    .argument('<grant>', 'id of the grant, as "token request" shows it, or - for its token on stdin')
    .action(async (workloadId: string, grant: string, _options, self: Command) => {
      const call = invocation(context, self);
      const grantId = grantNamed(context, grant);
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

function revokeCommand(context: CliContext): Command {
  return new Command('revoke')
    .description('make one token invalid on every node and give its capacity back (admin token needed)')
    .argument('<grant>', 'id of the grant, which is the jti of the token, or - for the token on stdin')
    .action(async (grant: string, _options, command: Command) => {
      const call = invocation(context, command);
      const grantId = grantNamed(context, grant);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.revokeToken, { grantId }));
      await call.print(
        async () => ({ grantId, ...(await toJson('capmesh.v1.RevokeTokenResponse', answer)) }),
        () => [`revoked ${grantId} of ${answer.workload}, which would have ended ${timeOf(answer.expiresAt)}`],
      );
    });
}
