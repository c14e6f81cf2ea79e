import { AXES, type CapacityVector } from '../../core/capacity/capacity-vector.ts';
import type { TokenClaims } from '../../core/token/token-claims.ts';
import { formatDuration } from '../output/format-duration.ts';
import { formatNumber } from '../output/format-number.ts';
import type { SignatureCheck } from './check-signature.ts';

/** What a token says, for people; times in UTC and as time spans from now. */
export function tokenLines(kid: string, claims: TokenClaims, signature: SignatureCheck, wallMs: number): string[] {
  const { sub, tenant, prio, aud, jti, gen, cap, iat, nbf, exp } = claims;
  return [
    ...(signature.state === 'unverified' ? ['decoded only: anybody could have written this'] : []),
    `workload   ${sub} (tenant ${tenant}, priority ${prio})`,
    `mesh       ${aud}`,
    `grant      ${jti} (generation ${gen})`,
    `capacity   ${capacityText(cap)}`,
    `issued     ${timeText(iat, wallMs)}`,
    ...(nbf === iat ? [] : [`not before ${timeText(nbf, wallMs)}`]),
    `expires    ${timeText(exp, wallMs)}`,
    `signature  ${signatureText(kid, signature)}`,
    'revoked?   not looked at: sidecars know',
  ];
}

const capacityText = (cap: CapacityVector): string =>
  AXES.flatMap((axis) => (cap[axis] === null ? [] : [`${axis} ${formatNumber(cap[axis])}`])).join(', ') ||
  'whatever its budgets say';

/** A date that no calendar has stays a number of seconds. */
function timeText(seconds: number, wallMs: number): string {
  const ms = seconds * 1000;
  const span = formatDuration(Math.abs(ms - wallMs));
  const date = new Date(ms);
  const text = Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString();
  return `${text} (${ms > wallMs ? `in ${span}` : `${span} ago`})`;
}

function signatureText(kid: string, signature: SignatureCheck): string {
  if (signature.state === 'good') return `good, by key ${kid}`;
  if (signature.state === 'bad') return `BAD: ${signature.why} (it names key ${kid})`;
  return `not verified: ${signature.why}`;
}
