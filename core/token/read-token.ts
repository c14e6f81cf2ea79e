import { decodeBase64url } from './decode-base64url.ts';
import {
  TOKEN_ALG,
  TOKEN_LENGTH_MAX,
  TOKEN_TYP,
  type TokenHeader,
  type TokenOutcome,
  tokenRefused,
} from './token-claims.ts';

const KID_LENGTH_MAX = 128;

/** A compact token taken apart; nothing in it may be believed before its signature is verified. */
export interface UnverifiedToken {
  readonly header: TokenHeader;
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the signature covers: header and payload as they were sent. */
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/**
 * Takes a compact token apart. Total: any text gives a token or a reason.
 * What cannot be parsed is `token-malformed`; what parses but names another
 * algorithm, type or no key is `token-signature`, as nothing of ours signed it.
 */
export function readToken(text: string): TokenOutcome<UnverifiedToken> {
  if (text === '') return tokenRefused('token-missing', 'no capacity token was sent');
  if (text.length > TOKEN_LENGTH_MAX) {
    return tokenRefused('token-malformed', `the token is longer than ${TOKEN_LENGTH_MAX} characters`);
  }
  const firstDot = text.indexOf('.');
  const lastDot = text.lastIndexOf('.');
  if (firstDot < 0 || firstDot === lastDot || text.indexOf('.', firstDot + 1) !== lastDot) {
    return tokenRefused('token-malformed', 'the token does not have three parts');
  }
  const header = readJsonObject(text.slice(0, firstDot));
  const payload = readJsonObject(text.slice(firstDot + 1, lastDot));
  const signature = decodeBase64url(text.slice(lastDot + 1));
  if (header === null || payload === null || signature === null) {
    return tokenRefused('token-malformed', 'a part of the token is not base64url of a JSON object');
  }
  const pinned = pinHeader(header);
  if (pinned === null) return tokenRefused('token-signature', 'the token is not signed the way capacity tokens are');
  return { ok: true, value: { header: pinned, payload, signingInput: text.slice(0, lastDot), signature } };
}

function pinHeader(header: Readonly<Record<string, unknown>>): TokenHeader | null {
  const { alg, typ, kid } = header;
  if (alg !== TOKEN_ALG || typ !== TOKEN_TYP) return null;
  // RFC 7515 §4.1.11: a header that asks to be understood and is not must be refused.
  if (Object.hasOwn(header, 'crit')) return null;
  if (typeof kid !== 'string' || kid === '' || kid.length > KID_LENGTH_MAX) return null;
  return { alg, typ, kid };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readJsonObject(part: string): Readonly<Record<string, unknown>> | null {
  const bytes = decodeBase64url(part);
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
