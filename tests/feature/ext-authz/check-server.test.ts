import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckServer, startCheckServer } from '../../../ext-authz/check/check-server.ts';
import { CheckClient } from '../../support/check-client.ts';
import { checkFixture, readAnswer, silentLogger, withToken } from '../../support/check-fixture.ts';
import { seededRandom } from '../../support/random.ts';
import { claimsOfA, signToken } from '../../support/test-tokens.ts';

describe('check server over a unix socket', () => {
  let folder: string;
  let path: string;
  let server: CheckServer;
  let client: CheckClient;
  let fixture: ReturnType<typeof checkFixture>;
  let tokenA: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'capmesh-check-'));
    path = join(folder, 'check.sock');
    fixture = checkFixture();
    tokenA = signToken(fixture.key, claimsOfA);
    server = await startCheckServer({
      address: { path },
      answer: (message) => fixture.authorizer.answer(message),
      logger: silentLogger,
    });
    client = new CheckClient(server.address);
  });

  afterEach(async () => {
    await client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers a valid call with OK and grpc-status 0', async () => {
    const { headers, trailers, body } = await client.check(withToken(tokenA));
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(trailers['grpc-status'], '0');
    assert.ok(readAnswer(body).admitted);
  });

  it('answers a refusal inside the message, not as a gRPC error', async () => {
    const { trailers, body } = await client.check(withToken('bad'));
    assert.equal(trailers['grpc-status'], '0');
    assert.equal(readAnswer(body).body.reason, 'token-malformed');
  });

  it('is for its owner only', () => assert.equal(statSync(path).mode & 0o777, 0o600));

  it('takes a message that comes in pieces', async () => {
    const message = withToken(tokenA);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    const { body } = await client.send([
      head.subarray(0, 3),
      head.subarray(3),
      message.subarray(0, 9),
      message.subarray(9),
    ]);
    assert.ok(readAnswer(body).admitted);
  });

  it('denies bodies that are no single plain message, so that failing open lets none through', async () => {
    const message = withToken(tokenA);
    const framed = (flag: number, length: number) => {
      const head = Buffer.alloc(5);
      head[0] = flag;
      head.writeUInt32BE(length, 1);
      return Buffer.concat([head, message]);
    };
    const bodies = [
      Buffer.alloc(0),
      framed(1, message.length),
      framed(0, message.length - 1),
      framed(0, 0xffffffff),
      Buffer.alloc(300 * 1024),
    ];
    for (const body of bodies) {
      const answer = await client.send(body);
      assert.equal(readAnswer(answer.body).body.reason, 'internal');
    }
  });

  it('knows one method', async () => {
    const other = await client.send(Buffer.alloc(5), { ':path': '/envoy.service.auth.v3.Authorization/Other' });
    assert.equal(other.headers['grpc-status'], '12');
    const plain = await client.send(Buffer.alloc(5), { 'content-type': 'text/plain' });
    assert.equal(plain.headers[':status'], 415);
  });

  it('never overspends the bucket in a burst of concurrent calls', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => client.check(withToken(tokenA))));
    const admitted = answers.filter(({ body }) => readAnswer(body).admitted).length;
    assert.equal(admitted, 26);
  });

  it('survives broken streams and connections', async () => {
    const garbage = connect(path);
    await once(garbage, 'connect');
    garbage.end('GET / HTTP/1.1\r\n\r\nnot http2 at all');
    garbage.on('error', () => {});
    garbage.resume();
    await once(garbage, 'close');
    const rude = new CheckClient(server.address);
    await once(rude.session, 'connect');
    for (let each = 0; each < 20; each += 1) {
      const stream = rude.session.request({ ':method': 'POST', ':path': '/x', 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.close(each % 2 === 0 ? 8 : 2);
    }
    rude.session.destroy();
    assert.ok(readAnswer((await client.check(withToken(tokenA))).body).admitted);
  });

  it('replaces the socket of a dead process, not a file', async () => {
    await assert.rejects(
      startCheckServer({ address: { path: folder }, answer: () => Buffer.alloc(0), logger: silentLogger }),
      /is not a socket/,
    );
  });

  it('says GOAWAY when it stops and lets go of the client', async () => {
    assert.ok(readAnswer((await client.check(withToken(tokenA))).body).admitted);
    const goaway = once(client.session, 'goaway');
    await server.stop();
    const [code] = await goaway;
    assert.equal(code, 0);
  });

  it('admits none of 10 000 fuzzed requests and does not fall over', async () => {
    const random = seededRandom(20_260_101).uniform;
    const valid = withToken('a.b.c');
    for (let round = 0; round < 100; round += 1) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => client.check(mutated(valid, random))));
      for (const { trailers, body } of answers) {
        assert.equal(trailers['grpc-status'], '0');
        assert.equal(readAnswer(body).admitted, false);
      }
    }
    assert.ok(readAnswer((await client.check(withToken(tokenA))).body).admitted);
  }).timeout(30_000);
});

/** Bytes changed, cut, doubled or made up. */
function mutated(message: Buffer, random: () => number): Buffer {
  const pick = (below: number) => Math.floor(random() * below);
  const kind = pick(4);
  if (kind === 0) return Buffer.from(Array.from({ length: pick(200) }, () => pick(256)));
  const bytes = Buffer.from(message);
  for (let change = pick(6); change >= 0; change -= 1) bytes[pick(bytes.length)] = pick(256);
  if (kind === 1) return bytes.subarray(0, pick(bytes.length));
  if (kind === 2) return Buffer.concat([bytes.subarray(0, pick(bytes.length)), bytes]);
  return bytes;
}
