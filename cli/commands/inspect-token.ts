import { Command } from 'commander';
import { checkClaims } from '../../core/token/check-claims.ts';
import { readClaims } from '../../core/token/read-claims.ts';
import { readToken } from '../../core/token/read-token.ts';
import type { TokenClaims, TokenHeader } from '../../core/token/token-claims.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { type CliContext, type Invocation, invocation } from '../context.ts';
import { checkSignature } from '../token/check-signature.ts';
import { tokenLines } from '../token/token-lines.ts';
import { readTokenFile } from '../token-file.ts';

interface InspectOptions {
  readonly jwks?: string;
}

export function inspectTokenCommand(context: CliContext): Command {
  return new Command('inspect')
    .description('show what a token says; verified where the keys of its mesh can be had, else only decoded')
    .argument('[file]', 'file that holds the token; - or nothing reads it from stdin', '-')
    .option('--jwks <url>', 'public keys; default: /.well-known/jwks.json of the running mesh')
    .action(async (file: string, _options, command: Command) => {
      const text = readTokenFile(context, file);
      const call = invocation<InspectOptions>(context, command);
      const { header, claims } = decode(text);
      const signature = await checkSignature(text, jwksUrl(call));
      const wallMs = context.clock.wallMs();
      const invalid = checkClaims(claims, claims.aud, NOTHING_REVOKED, wallMs);
      await call.print(
        () => ({ header, claims, signature, inForce: invalid === null, reason: invalid }),
        () => tokenLines(header.kid, claims, signature, wallMs),
      );
      if (signature.state === 'bad') throw new CliError(EXIT.refused, 'not a good token: token-signature');
      if (invalid !== null) throw new CliError(EXIT.refused, `not a good token: ${invalid}`);
    });
}

const NOTHING_REVOKED = { generationOf: () => 0, isRevoked: () => false };

/** Takes a token apart and believes nothing. Throws when it is not one. */
function decode(text: string): { readonly header: TokenHeader; readonly claims: TokenClaims } {
  const token = readToken(text);
  if (!token.ok) throw new CliError(EXIT.usage, `not a capacity token: ${token.message}`);
  const claims = readClaims(token.value.payload);
  if (!claims.ok) throw new CliError(EXIT.usage, `not a capacity token: ${claims.message}`);
  return { header: token.value.header, claims: claims.value };
}

function jwksUrl({ options, state }: Invocation<InspectOptions>): string | null {
  if (options.jwks !== undefined) return options.jwks;
  const running = state.running();
  return running === null ? null : `http://127.0.0.1:${running.ports.rest}/.well-known/jwks.json`;
}
