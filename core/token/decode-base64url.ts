/** RFC 4648 §5, in the order of the values. */
export const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const INVALID = 0xff;

const SEXTETS = new Uint8Array(128).fill(INVALID);
for (let value = 0; value < BASE64URL_ALPHABET.length; value += 1)
  SEXTETS[BASE64URL_ALPHABET.charCodeAt(value)] = value;

/**
 * Bytes of an unpadded base64url text (RFC 4648 §5), or `null` where the text is
 * not the one canonical form: foreign characters, padding, an impossible length
 * or stray bits in the last character. Strict, so that one token has one spelling.
 */
export function decodeBase64url(text: string): Uint8Array | null {
  const tail = text.length % 4;
  if (tail === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const sextet = SEXTETS[text.charCodeAt(index)] ?? INVALID;
    if (sextet === INVALID) return null;
    held = (held << 6) | sextet;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length] = held >> bits;
      length += 1;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : null;
}
