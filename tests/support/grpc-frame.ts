const HEAD_BYTES = 5;

/** A message in one frame of a gRPC body: not compressed, its length, itself. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEAD_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** The message of a body of one frame. */
export const grpcMessage = (body: Buffer): Buffer => body.subarray(HEAD_BYTES);
