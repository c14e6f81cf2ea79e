const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Tags are 32 bits; of larger ones a double would not keep the wire type. */
const TAG_MAX = 2 ** 32 - 1;

// Field numbers of envoy.service.auth.v3.
const CHECK_ATTRIBUTES = 1;
const ATTRIBUTES_REQUEST = 4;
const ATTRIBUTES_CONTEXT_EXTENSIONS = 10;
const REQUEST_HTTP = 2;
const HTTP_HEADERS = 3;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;

const KEYS = [
  'service',
  'content-type',
  'x-capacity-token',
  'x-capacity-attempt',
  'x-capacity-priority',
  'x-capacity-cpu',
  'x-capacity-memory-mb',
];
/** Keys of other lengths need not even be read. */
const KEY_LENGTHS = new Set(KEYS.map((key) => key.length));

type Visit = (field: number, start: number, end: number) => boolean;

/**
 * The few fields of an `envoy.service.auth.v3.CheckRequest` that a decision needs.
 * One reader serves every call, so that reading allocates only the texts. Total:
 * any bytes are read or refused, and never beyond their end.
 */
export class CheckRequestReader {
  /** Compact token; empty = none was sent. */
  token = '';
  /** From the virtual host's `context_extensions`; empty = none. */
  service = '';
  /** `x-capacity-priority` as it was sent. */
  priority = '';
  /** `x-capacity-attempt` as it was sent. */
  attempt = '';
  /** `x-capacity-cpu` as it was sent; empty = none. */
  cpu = '';
  /** `x-capacity-memory-mb` as it was sent; empty = none. */
  memoryMb = '';
  contentType = '';
  #bytes: Buffer = Buffer.alloc(0);
  #key = '';
  #valueStart = 0;
  #valueEnd = 0;
  #at = 0;

  /** Reads a message; false where it is not one, and then the fields mean nothing. */
  read(bytes: Buffer): boolean {
    this.token = '';
    this.service = '';
    this.priority = '';
    this.attempt = '';
    this.cpu = '';
    this.memoryMb = '';
    this.contentType = '';
    this.#bytes = bytes;
    return this.#fields(0, bytes.length, this.#onCheck);
  }

  readonly #onCheck: Visit = (field, start, end) =>
    field !== CHECK_ATTRIBUTES || this.#fields(start, end, this.#onAttributes);

  readonly #onAttributes: Visit = (field, start, end) => {
    if (field === ATTRIBUTES_REQUEST) return this.#fields(start, end, this.#onRequest);
    if (field !== ATTRIBUTES_CONTEXT_EXTENSIONS) return true;
    if (!this.#entry(start, end)) return false;
    if (this.#key === 'service') this.service = this.#value();
    return true;
  };

  readonly #onRequest: Visit = (field, start, end) => field !== REQUEST_HTTP || this.#fields(start, end, this.#onHttp);

  readonly #onHttp: Visit = (field, start, end) => {
    if (field !== HTTP_HEADERS) return true;
    if (!this.#entry(start, end)) return false;
    switch (this.#key) {
      case 'x-capacity-token':
        this.token = this.#value();
        break;
      case 'x-capacity-priority':
        this.priority = this.#value();
        break;
      case 'x-capacity-attempt':
        this.attempt = this.#value();
        break;
      case 'x-capacity-cpu':
        this.cpu = this.#value();
        break;
      case 'x-capacity-memory-mb':
        this.memoryMb = this.#value();
        break;
      case 'content-type':
        this.contentType = this.#value();
        break;
    }
    return true;
  };

  readonly #onEntry: Visit = (field, start, end) => {
    if (field === ENTRY_KEY) this.#key = KEY_LENGTHS.has(end - start) ? this.#bytes.toString('latin1', start, end) : '';
    if (field === ENTRY_VALUE) {
      this.#valueStart = start;
      this.#valueEnd = end;
    }
    return true;
  };

  #entry(start: number, end: number): boolean {
    this.#key = '';
    this.#valueStart = start;
    this.#valueEnd = start;
    return this.#fields(start, end, this.#onEntry);
  }

  #value(): string {
    return this.#bytes.toString('latin1', this.#valueStart, this.#valueEnd);
  }

  /** Visits the length-delimited fields between two offsets and steps over the others. */
  #fields(start: number, end: number, visit: Visit): boolean {
    let at = start;
    while (at < end) {
      const tag = this.#varint(at, end);
      if (tag < 8 || tag > TAG_MAX) return false;
      at = this.#at;
      const wireType = tag & 7;
      if (wireType === BYTES) {
        const length = this.#varint(at, end);
        at = this.#at;
        if (length < 0 || length > end - at) return false;
        if (!visit(Math.floor(tag / 8), at, at + length)) return false;
        at += length;
      } else if (wireType === VARINT) {
        if (this.#varint(at, end) < 0) return false;
        at = this.#at;
      } else if (wireType === FIXED64 || wireType === FIXED32) {
        at += wireType === FIXED64 ? 8 : 4;
      } else {
        return false;
      }
    }
    return at === end;
  }

  /** The varint at `at` (`#at` then stands behind it), or −1 where it is cut off or too long. */
  #varint(at: number, end: number): number {
    let value = 0;
    let scale = 1;
    for (let index = at; index < end && index < at + 10; index += 1) {
      const byte = this.#bytes[index] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#at = index + 1;
        return value;
      }
      scale *= 128;
    }
    return -1;
  }
}
