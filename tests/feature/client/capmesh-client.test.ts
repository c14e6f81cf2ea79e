import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { CapmeshClient, CapmeshError, type CapmeshErrorCode } from '../../../client/index.ts';
import { listen } from '../../../platform/listen-address.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const SEED = { cGeo: 0.7, cInt: 0.5, cGauge: null, cPtr: 0.8, cObs: 0.3 };

const fails = (code: CapmeshErrorCode, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CapmeshError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, says);
  return true;
};

describe('CapmeshClient at the door of a control plane', () => {
  let api: ApiFixture;
  let client: CapmeshClient;
  let secret: string;

  before(async () => {
    api = await startApi();
    assert.equal((await api.rest('PUT', '/v1/mesh', { body: WORKED_EXAMPLE })).status, 200);
    ({ secret } = await grpcCall(api.admin, api.admin.enrol, { workload: 'checkout' }));
    client = new CapmeshClient({ address: api.grpcAddress, secret: () => secret });
  });

  after(async () => {
    await client?.close();
    await api?.stop();
  });

  it('asks for a vector and a duration; null is no limit, and is not charged', async () => {
    const response = await client.requestCapacity({ workloadId: 'checkout', capacityVector: SEED, durationMs: 60_000 });
    assert.ok(response.admitted);
    assert.equal(response.capacityToken.split('.').length, 3);
    assert.equal(response.expiresAtMs, api.clock.wallMs() + 60_000);
    assert.deepEqual(
      api.ledger.account('checkout').grants.map(({ jti, vector }) => [jti, vector]),
      [[response.grantId, { geo: 0.7, int: 0.5, gauge: null, ptr: 0.8, obs: 0.3 }]],
    );
    const unlimited = await client.requestCapacity({ workloadId: 'checkout', capacityVector: { cPtr: 0.2 } });
    assert.ok(unlimited.admitted, 'null cInt takes nothing of the half that is left');
    assert.equal(unlimited.expiresAtMs, api.clock.wallMs() + 3_600_000, 'an hour where nothing is said');
  });

  it('a refusal is a value: the axes that bind, what would be admitted, when to ask again', async () => {
    const request = { workloadId: 'checkout', capacityVector: { cInt: 0.6, cPtr: 0.1 } };
    const refused = await client.requestCapacity(request);
    assert.ok(!refused.admitted);
    assert.deepEqual(
      [refused.gatesFailed, refused.bindingAxes, refused.available, refused.retryAfterMs],
      [[], ['int', 'ptr'], { cGeo: null, cInt: 0.5, cGauge: null, cPtr: 0, cObs: null }, 60_000],
    );
    assert.match(refused.message, /\w/);
    const instead = await client.requestCapacity({ ...request, capacityVector: refused.available });
    assert.ok(instead.admitted, 'what is available can be asked for as it is');
    assert.equal(await client.release({ workloadId: 'checkout', grantId: instead.grantId }), true);
  });

  it('renews in the place of a grant and releases it once', async () => {
    const first = await client.requestCapacity({ workloadId: 'checkout', capacityVector: { cInt: 0.4 } });
    assert.ok(first.admitted);
    const second = await client.renew({ workloadId: 'checkout', grantId: first.grantId, durationMs: 1000 });
    assert.ok(second.admitted);
    assert.notEqual(second.capacityToken, first.capacityToken);
    assert.ok(api.revoker.grants.has(first.grantId), 'the old token is refused from now on');
    const { grantId } = second;
    await assert.rejects(
      client.renew({ workloadId: 'checkout', grantId: first.grantId }),
      fails('not-found', new RegExp(`^control plane at ${api.grpcAddress}: checkout has no live grant`)),
    );
    assert.deepEqual(
      [
        await client.release({ workloadId: 'checkout', grantId }),
        await client.release({ workloadId: 'checkout', grantId }),
      ],
      [true, false],
    );
  });

  it('a request that is wrong is an error that names the field', async () => {
    await assert.rejects(
      client.requestCapacity({ workloadId: 'checkout', capacityVector: { cInt: 1.5 }, durationMs: 10 }),
      fails('invalid', /c_?[iI]nt[\s\S]*duration/),
    );
    const strange = { int: 0.5, C_ptr: 0.1 } as object;
    await assert.rejects(client.requestCapacity({ workloadId: 'checkout', capacityVector: strange }), {
      name: 'RangeError',
      message: /capacityVector\.int: is none of cGeo, .*capacityVector\.C_ptr: /,
    });
  });

  it('reads the secret anew for each call, from a file too, and says how to get one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'capmesh-client-'));
    const file = join(folder, 'checkout.secret');
    const own = new CapmeshClient({ address: api.grpcAddress, secret: { file } });
    const ask = () => own.requestCapacity({ workloadId: 'checkout', durationMs: 1000 });
    try {
      await assert.rejects(ask(), fails('credentials', /cannot be read.*ENOENT.*"capmesh enrol <workload>"/));
      writeFileSync(file, '\n');
      await assert.rejects(ask(), fails('credentials', /there is no enrolment secret in .*checkout\.secret/));
      writeFileSync(file, 'a-guess\n');
      await assert.rejects(ask(), fails('credentials', /enrolment secret of the workload is needed/));
      writeFileSync(file, `${secret}\n`);
      assert.equal((await ask()).admitted, true);
    } finally {
      await own.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('shows the secret nowhere', async () => {
    const failure: unknown = await client.requestCapacity({ workloadId: 'ghost' }).catch((error: unknown) => error);
    assert.ok(failure instanceof CapmeshError);
    for (const shown of [inspect(client, { depth: 9 }), inspect(failure, { depth: 9, showHidden: true })]) {
      assert.equal(shown.includes(secret), false, shown);
    }
  });

  it('takes the address from CAPMESH_SERVER, else the default port', () => {
    const addressOf = (server?: string): string => {
      const before = process.env.CAPMESH_SERVER;
      if (server === undefined) delete process.env.CAPMESH_SERVER;
      else process.env.CAPMESH_SERVER = server;
      const own = new CapmeshClient({ secret: () => secret });
      void own.close();
      if (before === undefined) delete process.env.CAPMESH_SERVER;
      else process.env.CAPMESH_SERVER = before;
      return own.address;
    };
    assert.deepEqual([addressOf('mesh:7'), addressOf()], ['mesh:7', '127.0.0.1:18001']);
  });
});

describe('CapmeshClient without an answer', () => {
  const secret = () => 'secret';
  let deaf: Server;
  let deafAddress: string;
  const sockets: Socket[] = [];

  before(async () => {
    deaf = createServer((socket) => sockets.push(socket));
    const bound = await listen(deaf, { host: '127.0.0.1', port: 0 });
    assert.ok('port' in bound);
    deafAddress = `127.0.0.1:${bound.port}`;
  });

  after(() => {
    deaf.close();
    for (const socket of sockets) socket.destroy();
  });

  it('nobody there: unavailable, with the address and what to try; nothing that must not be repeated is', async () => {
    const gone = createServer();
    const bound = await listen(gone, { host: '127.0.0.1', port: 0 });
    assert.ok('port' in bound);
    await new Promise((resolve) => gone.close(resolve));
    const address = `127.0.0.1:${bound.port}`;
    const pauses: number[] = [];
    const client = new CapmeshClient({
      address,
      secret,
      timing: {
        clock: { monotonicMs: () => 0, wallMs: () => 0 },
        random: () => 0.5,
        sleep: async (ms) => void pauses.push(ms),
      },
    });
    const expected = fails('unavailable', new RegExp(`^control plane at ${address}: .*capmesh up.*CAPMESH_SERVER`));
    await assert.rejects(client.requestCapacity({ workloadId: 'checkout' }), expected);
    await assert.rejects(client.checkOperation({ token: 't', operationType: 'payment' }), expected);
    assert.deepEqual(pauses, []);
    await assert.rejects(client.release({ workloadId: 'checkout', grantId: 'g' }), expected);
    assert.deepEqual(pauses, [50, 100], 'half of 100 and of 200 ms: three tries');
    await client.close();
    await assert.rejects(client.requestCapacity({ workloadId: 'checkout' }), fails('closed', /the client was closed/));
  });

  it('no answer: timeout at the deadline', async () => {
    const client = new CapmeshClient({ address: deafAddress, secret, deadlineMs: 100 });
    await assert.rejects(client.requestCapacity({ workloadId: 'checkout' }), fails('timeout', /"capmesh status"/));
    await client.close();
  });
});
