import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata, status } from '@grpc/grpc-js';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { after, before, describe, it } from 'mocha';
import type { ControlPlane } from '../../../control-plane/main.ts';
import { createLogger } from '../../../platform/logger.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { meshToMessage } from '../../../platform/mesh-message.ts';
import {
  type AdminClient,
  ApplyRequest,
  SetBudgetRequest,
  WatchEventsRequest,
} from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { type CapacityClient, RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import type { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { Lease } from '../../../proto/gen/capmesh/v1/lease.ts';
import type { Mesh } from '../../../proto/gen/capmesh/v1/mesh.ts';
import { Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { ADMIN_TOKEN, grpcCall } from '../../support/api-fixture.ts';
import { FakeEnvoy } from '../../support/fake-envoy.ts';
import { type NatsFixture, startNats } from '../../support/nats-fixture.ts';
import { type StartedPlane, startPlane } from '../../support/start-plane.ts';
import { waitFor } from '../../support/wait-for.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const HOST = '127.0.0.1';

const parsed = parseMeshFile(WORKED_EXAMPLE);
const shop: Mesh = parsed.ok ? meshToMessage(parsed.value) : ({} as Mesh);

describe('control plane on a real nats-server', () => {
  let nats: NatsFixture;
  let sidecar: NatsConnection;
  let started: StartedPlane;
  let plane: ControlPlane;
  let admin: AdminClient;
  let capacity: CapacityClient;
  let envoy: FakeEnvoy;
  let secret = '';
  let frames = 0;

  const start = async (): Promise<void> => {
    started = await startPlane(nats, { logger: createLogger('test-control-plane') });
    ({ plane, admin, capacity } = started);
    envoy = new FakeEnvoy(`${HOST}:${plane.xdsPort}`, { mode: 'delta', node: 'node-1' });
  };
  const stop = async (): Promise<void> => {
    envoy?.close();
    await started?.stop();
  };
  const sendFrame = (instance = 'i1'): void => {
    frames += 1;
    const frame = {
      mesh: 'shop',
      node: 'node-1',
      instance,
      seq: frames,
      endMs: frames * 1000,
      durationMs: 1000,
      parts: 1,
    };
    sidecar.publish('capmesh.v1.frames.shop.node-1', Frame.encode(Frame.fromPartial(frame)).finish());
  };
  const status1 = () => grpcCall(admin, admin.getStatus, {});
  const budget = (cInt: number, expectedRevision: number) =>
    grpcCall(
      admin,
      admin.setBudget,
      SetBudgetRequest.fromPartial({
        budget: { workload: 'checkout', service: 'payment', vector: { cInt } },
        merge: true,
        expectedRevision,
      }),
    );

  const readEvents = (workload: string, afterSequence: number, count: number) =>
    new Promise<CapacityEvent[]>((resolve, reject) => {
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${ADMIN_TOKEN}`);
      const events: CapacityEvent[] = [];
      const stream = admin.watchEvents(WatchEventsRequest.fromPartial({ afterSequence, workload }), metadata);
      stream.on('data', (event: CapacityEvent) => {
        if (events.push(event) < count) return;
        resolve(events);
        stream.cancel();
      });
      stream.on('error', (error: { code?: number }) => {
        if (error.code !== status.CANCELLED) reject(error);
      });
    });

  before(async () => {
    nats = await startNats('shop', ['node-1']);
    await start();
    sidecar = await nats.connect('node-1');
  });
  after(async () => {
    await stop();
    await sidecar?.close();
    await nats?.stop();
  });

  it('stores nothing of a bad mesh', async () => {
    const bad = { ...shop, budgets: [{ ...shop.budgets[0], workload: 'ghost' }] } as Mesh;
    const answer = await grpcCall(admin, admin.apply, ApplyRequest.fromPartial({ mesh: bad }));
    deepEqual([answer.applied, answer.problems.length], [false, 1]);
    equal((await grpcCall(admin, admin.getMesh, {})).services.length, 0);
  });

  it('applies a mesh and brings it to the nodes; status says how far and how fast', async () => {
    await waitFor('the node', async () => (await status1()).nodes.some(({ connected }) => connected));
    const answer = await grpcCall(admin, admin.apply, ApplyRequest.fromPartial({ mesh: shop }));
    deepEqual([answer.applied, answer.problems], [true, []]);
    const edit = await waitFor('the roll-out', async () => {
      const { lastEdit } = await status1();
      return lastEdit !== undefined && lastEdit.nodesApplied === 1 && lastEdit;
    });
    deepEqual([edit.revision, edit.nodesTotal, edit.nacks], [answer.revision, 1, []]);
    ok(edit.p99Ms > 0 && edit.p99Ms < 2000, `${edit.p99Ms} ms`);
  });

  it('an edit that changes no number of the plan is applied too', async () => {
    const answer = await grpcCall(
      admin,
      admin.apply,
      ApplyRequest.fromPartial({ mesh: { ...shop, gates: { ...shop.gates, isolationEps: 0.2 } } }),
    );
    deepEqual(answer.changed, ['mesh']);
    await waitFor('the roll-out', async () => (await status1()).lastEdit?.revision === answer.revision);
  });

  it('tells every edit as an event', async () => {
    const edited = await budget(0.75, 0);
    const [event] = await readEvents('', 1, 1);
    deepEqual([event?.kind, event?.workloadId], ['config', '']);
    const events = await readEvents('', 1, 2);
    equal(events[1]?.message, `revision ${edited.budget?.revision}: budgets.checkout.payment`);
  });

  it('gives one of two concurrent edits of a budget a conflict with both revisions', async () => {
    const mesh = await grpcCall(admin, admin.getMesh, {});
    const before =
      mesh.budgets.find((each) => each.workload === 'checkout' && each.service === 'payment')?.revision ?? 0;
    const answers = await Promise.all([budget(0.7, before), budget(0.6, before)]);
    const [winner] = answers.filter(({ applied }) => applied);
    const [loser] = answers.filter(({ applied }) => !applied);
    deepEqual(loser?.conflict, {
      path: 'budgets.checkout.payment',
      expectedRevision: before,
      actualRevision: winner?.budget?.revision,
    });
    equal((await budget(0.8, 0)).applied, true);
  });

  it('leases slices to a node that sends frames', async () => {
    const leases = await new Kvm(sidecar).open('capmesh_leases', { allow_direct: true });
    const heard = (await leases.watch({ key: 'node-1' }))[Symbol.asyncIterator]();
    const ticked = plane.kernel()?.nextTick();
    sendFrame();
    await ticked;
    const first = await heard.next();
    const lease = Lease.decode(first.value?.value ?? new Uint8Array());
    deepEqual([lease.node, lease.edges.length], ['node-1', 4]);
    const payment = lease.edges.find((edge) => edge.workload === 'checkout' && edge.service === 'payment');
    deepEqual([payment?.leaseMs, payment?.budget?.cInt], [36_000, 0.8]);
  });

  it('enrols, admits, signs with a published key, and releases', async () => {
    ({ secret } = await grpcCall(admin, admin.enrol, { workload: 'checkout' }));
    const answer = await grpcCall(
      capacity,
      capacity.requestCapacity,
      RequestCapacityRequest.fromPartial({ workloadId: 'checkout', capacityVector: { cInt: 0.5, cPtr: 0.5 } }),
      secret,
    );
    equal(answer.admitted, true, answer.message);
    const keys = await new Kvm(sidecar).open('capmesh_keys', { allow_direct: true });
    const jwks: JWK[] = [];
    for await (const entry of await keys.watch({ key: 'jwk.*' })) {
      jwks.push(entry.json<JWK>());
      if (entry.delta === 0) break;
    }
    ok(jwks.every((jwk) => jwk.d === undefined));
    const verified = await jwtVerify(answer.capacityToken, createLocalJWKSet({ keys: jwks }), { audience: 'shop' });
    deepEqual([verified.payload.sub, verified.payload.jti], ['checkout', answer.grantId]);
    const released = await grpcCall(
      capacity,
      capacity.releaseCapacity,
      { workloadId: 'checkout', grantId: answer.grantId },
      secret,
    );
    equal(released.released, true);
    equal((await keys.get(`revoked.${answer.grantId}`))?.operation, 'PUT');
  });

  it('keeps the private key and the secret out of the store', async () => {
    equal(statSync(join(nats.folder, 'control-plane', 'signing-key.pem')).mode & 0o777, 0o600);
    await rejects(
      new Kvm(sidecar).open('capmesh_ledger', { allow_direct: true }).then((kv) => kv.get('account.checkout')),
    );
  });

  it('tells the events of an account in order, and the same after a restart', async () => {
    await grpcCall(admin, admin.revokeWorkload, { workload: 'checkout' });
    const before = await readEvents('checkout', 1, 2);
    await stop();
    await start();
    const after = await readEvents('checkout', 1, 2);
    deepEqual(
      after.map(({ sequence, message }) => [sequence, message]),
      before.map(({ sequence, message }) => [sequence, message]),
    );
    ok((before[0]?.sequence ?? 0) < (before[1]?.sequence ?? 0));
  });

  it('knows everything after a restart: mesh, account, generation, and serves nodes again', async () => {
    const mesh = await grpcCall(admin, admin.getMesh, {});
    deepEqual([mesh.services.length, mesh.budgets.length], [2, 4]);
    const answer = await grpcCall(
      capacity,
      capacity.requestCapacity,
      RequestCapacityRequest.fromPartial({ workloadId: 'checkout' }),
      secret,
    );
    equal(answer.admitted, true, answer.message);
    const claims = JSON.parse(Buffer.from(answer.capacityToken.split('.')[1] ?? '', 'base64url').toString()) as {
      gen: number;
    };
    equal(claims.gen, 2);
    await waitFor('the node', async () => (await status1()).nodes.some(({ upToDate }) => upToDate));
  });

  it('knows after a restart which nodes it leased to, and passes over leases that cannot be read', async () => {
    const other = await nats.connect('control-plane');
    const leases = await new Kvm(other).open('capmesh_leases');
    await leases.put('node-2', Lease.encode(Lease.fromPartial({ node: 'node-2', epoch: 1, seq: 3 })).finish());
    await leases.put('node-3', 'not a lease');
    await other.close();
    await stop();
    await start();
    const { edges } = await status1();
    const payment = edges.find((edge) => edge.workload === 'checkout' && edge.service === 'payment');
    equal(payment?.maxRequests, 8, 'shared by two nodes');
  });

  it('answers /readyz by whether the store can be reached, and metrics', async () => {
    const url = `http://${HOST}:${plane.restPort}`;
    equal((await fetch(`${url}/readyz`)).status, 200);
    sendFrame();
    const metrics = await waitFor('a tick on a frame', async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return /^capmesh_frame_age_seconds_count [1-9]/m.test(text) && text;
    });
    ok(
      /capmesh_edge_limit_rps\{tenant="shop",workload="checkout",service="payment"\} \d/.test(metrics),
      metrics.slice(0, 2000),
    );
    ok(/capmesh_nodes\{state="connected"\} 1/.test(metrics));
    ok(/^capmesh_xds_apply_seconds_count [1-9]/m.test(metrics));
    ok(/^capmesh_tick_duration_seconds_count [1-9]/m.test(metrics));
  });
});
