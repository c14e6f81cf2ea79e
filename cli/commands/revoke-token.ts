import { Command } from 'commander';
import { readClaims } from '../../core/token/read-claims.ts';
import { readToken } from '../../core/token/read-token.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';
import { timeOf } from '../output/time-of.ts';
import { toJson } from '../output/to-json.ts';

/** `capmesh token revoke`, for operators. */
export function revokeTokenCommand(context: CliContext): Command {
  return new Command('revoke')
    .description('make one token invalid on every node and give its capacity back (admin token needed)')
    .argument('<token>', 'the token itself, or its jti, which is the id of its grant')
    .action(async (token: string, _options, command: Command) => {
      const call = invocation(context, command);
      const grantId = grantIdOf(token);
      const answer = await withAdmin(call, (admin) => admin.call(admin.client.revokeToken, { grantId }));
      await call.print(
        async () => ({ grantId, ...(await toJson('capmesh.v1.RevokeTokenResponse', answer)) }),
        () => [`revoked ${grantId} of ${answer.workload}, which would have ended ${timeOf(answer.expiresAt)}`],
      );
    });
}

/** A text with dots is a token. Throws when it is none of ours. */
function grantIdOf(text: string): string {
  if (!text.includes('.')) return text;
  const token = readToken(text);
  const claims = token.ok ? readClaims(token.value.payload) : token;
  if (!claims.ok) throw new CliError(EXIT.usage, `not a capacity token: ${claims.message}`);
  return claims.value.jti;
}
