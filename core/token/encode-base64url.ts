import { BASE64URL_ALPHABET } from './decode-base64url.ts';

/** Unpadded base64url text of some bytes (RFC 4648 §5). */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += BASE64URL_ALPHABET.charAt((held >> bits) & 63);
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + BASE64URL_ALPHABET.charAt((held << (6 - bits)) & 63);
}
