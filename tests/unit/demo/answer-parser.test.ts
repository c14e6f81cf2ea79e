import assert from 'node:assert/strict';
import { AnswerParser } from '../../../demo/http/answer-parser.ts';

const refusal =
  'HTTP/1.1 429 Too Many Requests\r\nX-Capacity-Denied: budget-exhausted\r\nContent-Length: 4\r\n\r\n{  }';
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
const emptyChunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';

describe('AnswerParser', () => {
  for (const [name, text, status, denied] of [
    ['a refusal with a body', refusal, 429, 'budget-exhausted'],
    ['chunks', chunked, 200, null],
    ['no chunk at all', emptyChunked, 200, null],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', 204, null],
  ] as const) {
    it(`reads ${name}, however the bytes are split`, () => {
      for (let cut = 1; cut < text.length; cut += 1) {
        const parser = new AnswerParser();
        assert.equal(parser.push(Buffer.from(text.slice(0, cut))), null);
        const parsed = parser.push(Buffer.from(text.slice(cut)));
        assert.deepEqual(parsed, { answer: { kind: 'answered', status, denied }, reusable: true });
      }
    });
  }

  it('reads the next answer on the same connection', () => {
    const parser = new AnswerParser();
    assert.ok(parser.push(Buffer.from(chunked)));
    assert.deepEqual(parser.push(Buffer.from(refusal))?.answer, {
      kind: 'answered',
      status: 429,
      denied: 'budget-exhausted',
    });
  });

  it('gives up a connection that the server closes, or that sent more than it should', () => {
    const closing = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
    assert.equal(new AnswerParser().push(Buffer.from(closing))?.reusable, false);
    assert.equal(new AnswerParser().push(Buffer.from(`${refusal}HTTP`))?.reusable, false);
  });

  it('throws on bytes that are no answer', () => {
    assert.throws(() => new AnswerParser().push(Buffer.from('SSH-2.0-OpenSSH\r\n\r\n')));
    assert.throws(() => new AnswerParser().push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\n')));
    assert.throws(() => new AnswerParser().push(Buffer.alloc(70_000, 'a')));
  });
});
