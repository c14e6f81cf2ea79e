import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BackwardWriter } from '../../../ext-authz/check/backward-writer.ts';
import { CheckRequestReader } from '../../../ext-authz/check/check-request.ts';
import { encodeRefusal } from '../../../ext-authz/check/check-response.ts';
import { readGrpcMessage } from '../../../ext-authz/check/grpc-message.ts';
import { CheckRequest } from '../../../proto/gen/envoy/service/auth/v3/external_auth.ts';
import { readAnswer } from '../../support/check-fixture.ts';

describe('CheckRequestReader', () => {
  const names = fc.constantFrom(
    'x-capacity-token',
    'x-capacity-priority',
    'x-capacity-attempt',
    'x-capacity-cpu',
    'x-capacity-memory-mb',
    'x-capacity-operation',
    'content-type',
    'x-capacity-tokem',
    'cookie',
    '',
  );
  const values = fc.string({ unit: fc.constantFrom(...'abz019.-_ /'), maxLength: 300 });
  const headers = fc.dictionary(names, values);

  it('reads what the generated code wrote, whatever else the message holds', () => {
    fc.assert(
      fc.property(headers, values, fc.nat(), fc.boolean(), (sent, service, size, more) => {
        const attributes = {
          source: { service: 'x', address: { address: { $case: 'pipe' as const, value: { path: '/x', mode: 7 } } } },
          request: {
            time: { seconds: size, nanos: 5 },
            http: {
              id: '9',
              method: 'POST',
              headers: sent,
              path: `/${'p'.repeat(size % 400)}`,
              size,
              rawBody: Buffer.from([1, 2]),
            },
          },
          contextExtensions: more ? { other: 'y', service } : { service },
        };
        const bytes = Buffer.from(CheckRequest.encode(CheckRequest.fromPartial({ attributes })).finish());
        const reader = new CheckRequestReader();
        assert.ok(reader.read(bytes));
        assert.equal(reader.service, service);
        assert.equal(reader.token, sent['x-capacity-token'] ?? '');
        assert.equal(reader.priority, sent['x-capacity-priority'] ?? '');
        assert.equal(reader.attempt, sent['x-capacity-attempt'] ?? '');
        assert.equal(reader.cpu, sent['x-capacity-cpu'] ?? '');
        assert.equal(reader.memoryMb, sent['x-capacity-memory-mb'] ?? '');
        assert.equal(reader.contentType, sent['content-type'] ?? '');
      }),
    );
  });

  it('accepts no bytes that the generated code refuses, and forgets the message before', () => {
    const reader = new CheckRequestReader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const accepted = reader.read(Buffer.from(bytes));
        if (!accepted) return;
        assert.doesNotThrow(() => CheckRequest.decode(bytes));
        assert.equal(reader.token, '');
      }),
    );
  });

  it('refuses tags of more than 32 bits, whose wire type a double cannot hold', () => {
    const bytes = [0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x00];
    assert.throws(() => CheckRequest.decode(Uint8Array.from(bytes)));
    assert.equal(new CheckRequestReader().read(Buffer.from(bytes)), false);
  });

  it('refuses lengths beyond the end, however they are written', () => {
    const reader = new CheckRequestReader();
    for (const bytes of [
      [0x0a, 0x01],
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
      [0x0d, 0x00, 0x00],
      [0x0b],
      [0x02, 0x00],
    ]) {
      assert.equal(reader.read(Buffer.from(bytes)), false, String(bytes));
    }
  });
});

describe('encodeRefusal', () => {
  it('writes messages of every length as the generated code reads them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), fc.boolean(), (length, grpcCaller) => {
        const body = { reason: 'shed-priority', message: 'm'.repeat(length), edge: 'a/b', id: 'r1' } as const;
        const frame = encodeRefusal({ body, rateRps: 0, grpcCaller, logged: grpcCaller ? 'checkout' : null });
        assert.equal(frame.readUInt32BE(1), frame.length - 5);
        const answer = readAnswer(frame);
        assert.equal(answer.http, 503);
        assert.deepEqual(answer.body, body);
        assert.equal(answer.headers.get('grpc-status'), grpcCaller ? '14' : undefined);
      }),
    );
  });
});

describe('BackwardWriter', () => {
  it('throws rather than write before its start', () => {
    const writer = new BackwardWriter(10);
    assert.throws(() => writer.text(1, 'x'.repeat(10)), RangeError);
    writer.reset();
    writer.uint(1, 300);
    assert.deepEqual([...writer.toFrame()], [0, 0, 0, 0, 3, 0x08, 0xac, 0x02]);
  });
});

describe('readGrpcMessage', () => {
  it('takes exactly one uncompressed message', () => {
    assert.deepEqual(readGrpcMessage(Buffer.from([0, 0, 0, 0, 1, 9])), Buffer.from([9]));
    assert.deepEqual(readGrpcMessage(Buffer.from([0, 0, 0, 0, 0])), Buffer.alloc(0));
    for (const body of [[], [0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]]) {
      assert.equal(readGrpcMessage(Buffer.from(body)), null);
    }
  });
});
