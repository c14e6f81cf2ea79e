const GRPC_HEADER_BYTES = 5;
const BYTES = 2;
const VARINT = 0;

/**
 * Writes a small protobuf message from its end to its start, so that the length
 * of a nested message is known when its turn comes. Fields therefore go in from
 * last to first.
 */
export class BackwardWriter {
  readonly #bytes: Buffer;
  #at: number;

  constructor(capacityBytes: number) {
    this.#bytes = Buffer.allocUnsafe(capacityBytes);
    this.#at = capacityBytes;
  }

  /** Starts a new message. */
  reset(): void {
    this.#at = this.#bytes.length;
  }

  /** Where the message written so far starts; `closeMessage` wants the mark taken before its fields. */
  mark(): number {
    return this.#at;
  }

  /** ASCII only: one byte a character. */
  text(field: number, text: string): void {
    this.#take(text.length);
    this.#bytes.write(text, this.#at, 'latin1');
    this.#header(field, text.length);
  }

  uint(field: number, value: number): void {
    this.#varint(value);
    this.#varint(field * 8 + VARINT);
  }

  /** Makes what was written since `mark` the message of a field. */
  closeMessage(field: number, mark: number): void {
    this.#header(field, mark - this.#at);
  }

  /** A copy of the message as one uncompressed gRPC frame. */
  toFrame(): Buffer {
    const length = this.#bytes.length - this.#at;
    const frame = Buffer.allocUnsafe(GRPC_HEADER_BYTES + length);
    frame[0] = 0;
    frame.writeUInt32BE(length, 1);
    this.#bytes.copy(frame, GRPC_HEADER_BYTES, this.#at);
    return frame;
  }

  #header(field: number, length: number): void {
    this.#varint(length);
    this.#varint(field * 8 + BYTES);
  }

  #varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
    this.#take(size);
    let rest = value;
    for (let index = 0; index < size; index += 1) {
      this.#bytes[this.#at + index] = index === size - 1 ? rest : (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
  }

  #take(length: number): void {
    if (length > this.#at) throw new RangeError('the message is larger than the writer');
    this.#at -= length;
  }
}
