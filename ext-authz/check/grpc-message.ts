const HEADER_BYTES = 5;

/**
 * The one message of a unary gRPC body: a flag byte (0, as nothing is
 * compressed), four bytes of length, the message. `null` where the body is not
 * exactly that.
 */
export function readGrpcMessage(body: Buffer): Buffer | null {
  if (body.length < HEADER_BYTES || body[0] !== 0) return null;
  return body.readUInt32BE(1) === body.length - HEADER_BYTES ? body.subarray(HEADER_BYTES) : null;
}
