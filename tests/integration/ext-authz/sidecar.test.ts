import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Sidecar, startSidecar } from '../../../ext-authz/main.ts';
import { systemClock } from '../../../platform/clock.ts';
import { Lease } from '../../../proto/gen/capmesh/v1/lease.ts';
import { Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { CheckClient } from '../../support/check-client.ts';
import { checkoutToPayment, leaseOf, readAnswer, silentLogger, withToken } from '../../support/check-fixture.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { claimsOfA, makeKey, signToken } from '../../support/test-tokens.ts';

describe('sidecar on a real nats-server', () => {
  const key = makeKey('k1');
  const nowSeconds = Math.floor(systemClock.wallMs() / 1000);
  const claims = { ...claimsOfA, iat: nowSeconds, nbf: nowSeconds, exp: nowSeconds + 3600 };
  const tokenA = signToken(key, claims);
  let nats: NatsFixture;
  let controlPlane: NatsConnection;
  let leases: KV;
  let keys: KV;
  let stateDir: string;
  let sidecar: Sidecar | undefined;

  const start = async (): Promise<Sidecar> => {
    sidecar = await startSidecar({
      mesh: 'shop',
      node: 'node-1',
      httpPort: 0,
      nats: { servers: nats.servers, nkeySeedFile: nats.seedFile('node-1') },
      stateDir,
      logger: silentLogger,
    });
    return sidecar;
  };

  const stop = async () => {
    await sidecar?.stop();
    sidecar = undefined;
  };

  const reasonOf = async ({ checkAddress }: Sidecar, token: string): Promise<string> => {
    const client = new CheckClient(checkAddress);
    try {
      const answer = readAnswer((await client.check(withToken(token))).body);
      return answer.admitted ? 'ok' : (answer.body.reason ?? '');
    } finally {
      await client.close();
    }
  };

  /** Asks until the answer is the wanted one; the test's time-out ends it otherwise. */
  const becomes = async (current: Sidecar, token: string, wanted: string): Promise<void> => {
    while ((await reasonOf(current, token)) !== wanted) await new Promise((resolve) => setImmediate(resolve));
  };

  const publishLease = (seq: number, edges = [checkoutToPayment]) =>
    leases.put('node-1', Lease.encode(leaseOf(seq, edges)).finish());

  before(async () => {
    nats = await startNats('shop', ['node-1']);
    controlPlane = await nats.connect('control-plane');
    const kvm = new Kvm(controlPlane);
    leases = await kvm.create('capmesh_leases');
    keys = await kvm.create('capmesh_keys');
  });

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'capmesh-sidecar-'));
  });

  afterEach(async () => {
    await stop();
    rmSync(stateDir, { recursive: true, force: true });
  });

  after(async () => {
    await controlPlane?.close();
    await nats?.stop();
  });

  it('is not ready before it knows the keys, and judges once it does', async () => {
    const current = await start();
    assert.equal(current.isReady(), false);
    assert.equal(await reasonOf(current, tokenA), 'mesh-degraded');
    assert.equal((await fetch(`http://127.0.0.1:${current.httpPort}/readyz`)).status, 503);
    await keys.put('jwk.k1', JSON.stringify(key.jwk));
    await publishLease(1);
    await becomes(current, tokenA, 'ok');
    assert.equal((await fetch(`http://127.0.0.1:${current.httpPort}/readyz`)).status, 200);
    const metrics = await (await fetch(`http://127.0.0.1:${current.httpPort}/metrics`)).text();
    assert.match(metrics, /capmesh_checks_total\{reason="ok"\} 1\n/);
    assert.match(metrics, /capmesh_lease_seq 1\n/);
    assert.match(metrics, /capmesh_check_duration_seconds_count \d+\n/);
  });

  it('follows leases, generations, revocations and keys', async () => {
    await keys.put('jwk.k1', JSON.stringify(key.jwk));
    await publishLease(1);
    const current = await start();
    await becomes(current, tokenA, 'ok');
    await publishLease(2, []);
    await becomes(current, tokenA, 'edge-not-entitled');
    await publishLease(3);
    await becomes(current, tokenA, 'ok');
    const tokenB = signToken(key, { ...claims, jti: 'grant-b', gen: 2 });
    await keys.put('revoked.grant-a', String(claims.exp * 1000));
    await becomes(current, tokenA, 'token-revoked');
    assert.equal(await reasonOf(current, tokenB), 'ok');
    await keys.put('gen.checkout', '3');
    await becomes(current, tokenB, 'token-revoked');
    const tokenC = signToken(key, { ...claims, jti: 'grant-c', gen: 3 });
    assert.equal(await reasonOf(current, tokenC), 'ok');
    const next = makeKey('k2');
    await keys.put('jwk.k2', JSON.stringify(next.jwk));
    await becomes(current, signToken(next, { ...claims, jti: 'grant-d', gen: 3 }), 'ok');
    await keys.delete('jwk.k1');
    await becomes(current, tokenC, 'token-signature');
    for (const each of ['jwk.k2', 'gen.checkout', 'revoked.grant-a']) await keys.purge(each);
  });

  it('starts ready from its last state when the store is away', async () => {
    await keys.put('jwk.k1', JSON.stringify(key.jwk));
    await publishLease(4);
    const first = await start();
    await becomes(first, tokenA, 'ok');
    await stop();
    assert.equal(statSync(join(stateDir, 'sidecar-state.json')).mode & 0o777, 0o600);
    const nowhere = { servers: ['127.0.0.1:1'], nkeySeedFile: nats.seedFile('node-1') };
    const address = { mesh: 'shop', node: 'node-1', httpPort: 0, nats: nowhere, logger: silentLogger };
    sidecar = await startSidecar({ ...address, stateDir });
    assert.equal(sidecar.isReady(), true);
    assert.equal(await reasonOf(sidecar, tokenA), 'ok');
    await stop();
    sidecar = await startSidecar({ ...address, stateDir: join(stateDir, 'fresh') });
    assert.equal(sidecar.isReady(), false);
    assert.equal(await reasonOf(sidecar, tokenA), 'mesh-degraded');
  });

  it('leaves nothing open when one of its addresses is taken', async () => {
    const current = await start();
    const settings = { mesh: 'shop', node: 'node-1', logger: silentLogger };
    const folder = join(stateDir, 'second');
    const nowhere = { servers: ['127.0.0.1:1'], nkeySeedFile: nats.seedFile('node-1') };
    const second = { ...settings, nats: nowhere, stateDir: folder };
    await assert.rejects(startSidecar({ ...second, httpPort: current.httpPort }), /EADDRINUSE/);
    sidecar = await startSidecar({ ...second, httpPort: 0 });
    await current.stop();
  });

  it('sends frames of what it counted, also while Envoy is silent', async () => {
    await keys.put('jwk.k1', JSON.stringify(key.jwk));
    await publishLease(5);
    const streams = (await jetstreamManager(controlPlane)).streams;
    await streams.add({ name: 'CAPMESH_FRAMES', subjects: ['capmesh.v1.frames.>'] });
    const frames = await (await jetstream(controlPlane).consumers.get('CAPMESH_FRAMES')).consume();
    const current = await start();
    await becomes(current, tokenA, 'ok');
    assert.equal(await reasonOf(current, 'bad'), 'token-malformed');
    const instances = new Set<string>();
    let seqBefore = 0;
    for await (const message of frames) {
      const frame = Frame.decode(message.data);
      assert.deepEqual([frame.mesh, frame.node, frame.part, frame.parts], ['shop', 'node-1', 0, 1]);
      assert.ok(frame.seq > seqBefore && frame.endMs >= frame.startMs && frame.durationMs >= 0);
      seqBefore = frame.seq;
      instances.add(frame.instance);
      const checkout = frame.edges.find(({ workload }) => workload === 'checkout');
      const unverified = frame.edges.find(({ refused }) => refused['token-malformed'] === 1);
      if (checkout === undefined || unverified === undefined) continue;
      assert.equal(unverified.workload, '~unverified');
      assert.equal(checkout.admitted, 1);
      assert.equal(checkout.admittedLevelMax, 1);
      assert.equal(frame.leaseSeq, 5);
      assert.ok((frame.resources?.memoryTotalBytes ?? 0) > 0);
      break;
    }
    assert.equal(instances.size, 1);
  });

  it('keeps judging while the server is killed, and follows it again after', async () => {
    await keys.put('jwk.k1', JSON.stringify(key.jwk));
    await publishLease(6);
    const current = await start();
    await becomes(current, tokenA, 'ok');
    await nats.restart();
    assert.equal(await reasonOf(current, tokenA), 'ok');
    while (
      controlPlane.isClosed() ||
      !(await controlPlane.flush().then(
        () => true,
        () => false,
      ))
    );
    await publishLease(7, []);
    await becomes(current, tokenA, 'edge-not-entitled');
  });
});
