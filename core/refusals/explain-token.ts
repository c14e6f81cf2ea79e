import { UNVERIFIED_WORKLOAD } from '../substrate/edge-stats.ts';
import type { TokenReason } from '../token/token-claims.ts';
import { explanation, figure, type RefusalExplanation } from './refusal-explanation.ts';
import type { RefusalRecord, TokenCause } from './refusal-record.ts';
import type { RefusalQuestion, RefusalScene } from './refusal-scene.ts';

/** What is wrong with a token, and what mends it. */
interface TokenFault {
  readonly facts: string;
  /** Whether a new token mends it; else the token has to be looked at. */
  readonly renew: boolean;
}

/** Any of the reasons for which a token is refused (CONTRACT §F). */
export function explainToken(reason: TokenReason, question: RefusalQuestion, scene: RefusalScene): RefusalExplanation {
  const { service, record } = question;
  const token = record?.token ?? null;
  const workload = token?.workload || scene.callers[0];
  const { facts, renew } = faultOf(reason, question, scene, token);
  const where = `${facts}, and 0 calls to ${service} may pass without a good one (counted on ${UNVERIFIED_WORKLOAD}/${service})`;
  const asks = workload === undefined ? 'capmesh token request --help' : `capmesh token request ${workload}`;
  return explanation({
    facts: where,
    advice: renew ? adviceOf(token, scene.callers) : 'look at what it says with',
    command: renew ? asks : 'capmesh token inspect <<< "$TOKEN"',
    limitedBy: 'token',
    figures: { limit: 0, used: 0, unit: 'calls' },
  });
}

/** Whose token it should have been is not known without one. */
function adviceOf(token: TokenCause | null, callers: readonly string[]): string {
  if (token?.workload) return 'ask for a new one with';
  return callers.length > 1
    ? `send one in x-capacity-token, of ${callers.join(' or ')}, from`
    : 'send one in x-capacity-token, from';
}

function faultOf(
  reason: TokenReason,
  { service, record }: RefusalQuestion,
  { mesh }: RefusalScene,
  token: TokenCause | null,
): TokenFault {
  const owner = token?.workload ? `the token of ${token.workload}` : 'the token';
  switch (reason) {
    case 'token-missing':
      return {
        facts: `the call to ${service} came without a capacity token`,
        renew: true,
      };
    case 'token-malformed':
    case 'token-signature':
      return {
        facts: `the token of a call to ${service} is no good: ${token?.fault || 'it cannot be verified'}`,
        renew: false,
      };
    case 'token-expired':
      return { facts: `${owner} ended${agoWords(record, token?.expiresAtMs, 'before the call')}`, renew: true };
    case 'token-not-yet-valid':
      return {
        facts: `${owner} is not good until${agoWords(record, token?.notBeforeMs, 'after the call')}, which clocks that differ may cause`,
        renew: false,
      };
    case 'token-audience':
      return {
        facts: `${owner} is for the mesh ${token?.audience ?? 'of somebody else'}, and this one is ${mesh}`,
        renew: true,
      };
    case 'token-revoked':
      return { facts: revokedWords(owner, token), renew: true };
  }
}

/** ` 12.3 s before the call`. */
function agoWords(record: RefusalRecord | null, atMs: number | undefined, words: string): string {
  if (record === null || atMs === undefined) return ` ${words}`;
  return ` ${figure(Math.abs(record.atMs - atMs) / 1000)} s ${words}`;
}

function revokedWords(owner: string, token: TokenCause | null): string {
  if (token === null) return `${owner} was revoked`;
  const { generation, generationNeeded, grantId } = token;
  return generation < generationNeeded
    ? `${owner} has generation ${generation}, and all below ${generationNeeded} were revoked`
    : `${owner} was revoked by its id ${grantId}`;
}
