import { BASE64URL_ALPHABET } from './decode-base64url.ts';

/** The two characters of every twelve bits. */
const PAIRS = Array.from(BASE64URL_ALPHABET).flatMap((first) =>
  Array.from(BASE64URL_ALPHABET, (second) => first + second),
);
/** Characters that an incomplete last group of one or two bytes has. */
const TAIL_LENGTHS = [0, 2, 3] as const;

/** Unpadded base64url text of some bytes (RFC 4648 §5). */
export function encodeBase64url(bytes: Uint8Array): string {
  const tail = bytes.length % 3;
  const end = bytes.length - tail;
  let text = '';
  for (let index = 0; index < end; index += 3) text += groupAt(bytes, index);
  return tail === 0 ? text : text + groupAt(bytes, end).slice(0, TAIL_LENGTHS[tail]);
}

/** Four characters for three bytes; those behind the end count 0. */
function groupAt(bytes: Uint8Array, index: number): string {
  const bits = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
  return `${PAIRS[bits >> 12]}${PAIRS[bits & 0xfff]}`;
}
