/** Bytes of `grpc-message`, escapes included: clients take 8 KiB of trailers, and calls with more never end. */
const ENCODED_MAX_BYTES = 6000;

/** The message of a gRPC status: as many lines of an error as fit, and how many do not. */
export function statusDetails(message: string): string {
  const lines = message.split('\n');
  let bytes = 0;
  let fitting = 0;
  for (const line of lines) {
    bytes += encodedBytes(line) + 3;
    if (bytes > ENCODED_MAX_BYTES) break;
    fitting += 1;
  }
  if (fitting === lines.length) return message;
  // A single line that is too long tells at least how it begins.
  if (fitting === 0) return `${[...(lines[0] ?? '')].slice(0, ENCODED_MAX_BYTES / 12).join('')} …`;
  return [...lines.slice(0, fitting), `… and ${lines.length - fitting} more`].join('\n');
}

/** Letters, digits and a few signs go as they are; any other byte is written as three. */
const encodedBytes = (line: string): number =>
  3 * Buffer.byteLength(line) - 2 * (line.match(/[\w\-.!~*'()]/g)?.length ?? 0);
