/**
 * Sends what is put in within one turn of the event loop together. Parts are
 * encoded messages of the same type, whose lists add up when they are put one
 * behind the other, as protobuf has it.
 */
export class TurnOutbox {
  readonly #send: (to: string, message: Uint8Array) => void;
  readonly #bytesMax: number;
  readonly #parts = new Map<string, Uint8Array[]>();
  #owed: NodeJS.Immediate | undefined;

  /** @param bytesMax largest message; a part that is larger is not to be put in */
  constructor(send: (to: string, message: Uint8Array) => void, bytesMax: number) {
    this.#send = send;
    this.#bytesMax = bytesMax;
  }

  put(to: string, part: Uint8Array): void {
    const parts = this.#parts.get(to);
    if (parts === undefined) this.#parts.set(to, [part]);
    else parts.push(part);
    this.#owed ??= setImmediate(() => this.flush());
  }

  /** Sends at once. */
  flush(): void {
    clearImmediate(this.#owed);
    this.#owed = undefined;
    const due = [...this.#parts];
    this.#parts.clear();
    for (const [to, parts] of due) {
      for (const message of packed(parts, this.#bytesMax)) this.#send(to, message);
    }
  }
}

/** Parts in order, in as few messages as their size allows. */
function packed(parts: readonly Uint8Array[], bytesMax: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let begin = 0;
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    if (index > begin && bytes + part.length > bytesMax) {
      messages.push(Buffer.concat(parts.slice(begin, index)));
      begin = index;
      bytes = 0;
    }
    bytes += part.length;
  }
  return [...messages, Buffer.concat(parts.slice(begin))];
}
