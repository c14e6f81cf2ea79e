import type { Answer } from './answer.ts';

/** An answer read to its end, and whether its connection can carry another call. */
export interface ParsedAnswer {
  readonly answer: Answer;
  readonly reusable: boolean;
}

const HEAD_LIMIT_BYTES = 64 * 1024;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_CHUNKS = Buffer.from('\r\n0\r\n\r\n');
const ONLY_LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * Reads one HTTP/1.1 answer at a time: status, `x-capacity-denied`, and where
 * the body ends. It keeps nothing of the body, so reading costs little.
 * Throws on bytes that are no HTTP answer.
 */
export class AnswerParser {
  private buffered: Buffer = Buffer.alloc(0);
  private head: { status: number; denied: string | null; close: boolean } | null = null;
  /** Body bytes still to come, or `chunked`. */
  private body: number | 'chunked' = 0;

  push(chunk: Buffer): ParsedAnswer | null {
    this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    if (this.head === null && !this.readHead()) return null;
    if (!this.readBody() || this.head === null) return null;
    const { status, denied, close } = this.head;
    this.head = null;
    return { answer: { kind: 'answered', status, denied }, reusable: !close && this.buffered.length === 0 };
  }

  private readHead(): boolean {
    const end = this.buffered.indexOf(END_OF_HEAD);
    if (end < 0) {
      if (this.buffered.length > HEAD_LIMIT_BYTES) throw new Error('answer head too long');
      return false;
    }
    const text = `${this.buffered.toString('latin1', 0, end).toLowerCase()}\r\n`;
    const status = /^http\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status === undefined) throw new Error('not an HTTP/1.1 answer');
    const noBody = status === '204' || status === '304';
    this.body = noBody ? 0 : field(text, 'transfer-encoding') === 'chunked' ? 'chunked' : bodyLength(text);
    this.head = {
      status: Number(status),
      denied: field(text, 'x-capacity-denied'),
      close: field(text, 'connection') === 'close',
    };
    this.buffered = this.buffered.subarray(end + END_OF_HEAD.length);
    return true;
  }

  private readBody(): boolean {
    if (this.body === 'chunked') {
      const onlyLast = this.buffered.subarray(0, ONLY_LAST_CHUNK.length).equals(ONLY_LAST_CHUNK);
      const end = onlyLast ? 0 : this.buffered.indexOf(END_OF_CHUNKS);
      if (end < 0) return false;
      this.buffered = this.buffered.subarray(end + (onlyLast ? ONLY_LAST_CHUNK : END_OF_CHUNKS).length);
      return true;
    }
    const here = Math.min(this.body, this.buffered.length);
    this.body -= here;
    this.buffered = this.buffered.subarray(here);
    return this.body === 0;
  }
}

function bodyLength(head: string): number {
  const length = Number(field(head, 'content-length') ?? '0');
  if (!Number.isSafeInteger(length) || length < 0) throw new Error('bad content-length');
  return length;
}

/** The value of a header in a lower-cased head whose lines end in CRLF. */
function field(head: string, name: string): string | null {
  const at = head.indexOf(`\r\n${name}:`);
  if (at < 0) return null;
  const from = at + name.length + 3;
  return head.slice(from, head.indexOf('\r\n', from)).trim();
}
