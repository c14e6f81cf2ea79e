import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { type Sidecar, startSidecar } from '../../../ext-authz/main.ts';
import { systemClock } from '../../../platform/clock.ts';
import { ExplainRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import {
  CheckOperationRequest,
  OperationsClient,
  SettleOperationRequest,
} from '../../../proto/gen/capmesh/v1/operation_service.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { silentLogger } from '../../support/check-fixture.ts';
import { meshConfig } from '../../support/mesh-fixtures.ts';
import { SERVICE, startTokens, type TokensFixture, WORKLOAD } from '../../support/tokens-fixture.ts';
import { waitFor } from '../../support/wait-for.ts';

const MEMORY_MIB = 1024;
const MESH = meshConfig({
  services: { [SERVICE]: { rps: 2000, memoryMiB: 2 * MEMORY_MIB, concurrency: 64 } },
  workloads: { [WORKLOAD]: {} },
  budgets: { [WORKLOAD]: { [SERVICE]: { int: 0.5, ptr: 0.5 } } },
});

describe('operations through a real control plane, nats-server and sidecars', () => {
  let mesh: TokensFixture;
  let token: string;
  const clients: Client[] = [];

  const check = (client: OperationsClient, more: Partial<CheckOperationRequest> = {}) =>
    grpcCall(client, client.checkOperation, CheckOperationRequest.fromPartial({ token, ...more }), null);
  const settle = (client: OperationsClient, operationId: string) =>
    grpcCall(client, client.settleOperation, SettleOperationRequest.fromPartial({ token, operationId }), null);
  const nodeOf = (operationId: string): string => operationId.split('/')[0] ?? '';
  const doorOf = ({ sinksAddress }: Sidecar): OperationsClient => {
    const path = 'path' in sinksAddress ? sinksAddress.path : '';
    const client = new OperationsClient(`unix:${path}`, credentials.createInsecure());
    clients.push(client);
    return client;
  };
  /** An operation that this node allows. */
  const allowedAt = (node: string): Promise<string> =>
    waitFor(`an operation at ${node}`, async () => {
      const { operationId } = await check(mesh.operations);
      if (nodeOf(operationId) === node) return operationId;
      if (operationId !== '') await settle(mesh.operations, operationId);
      return false;
    });

  before(async () => {
    mesh = await startTokens({ sidecars: 2, clock: systemClock, mesh: MESH });
    ({ token } = await mesh.request());
    for (const node of ['node-1', 'node-2']) await settle(mesh.operations, await allowedAt(node));
  });

  after(async () => {
    for (const client of clients) client.close();
    await mesh?.stop();
  });

  it('checks at one sidecar and settles there, through either door', async () => {
    const { allowed, operationId, edge } = await check(mesh.operations, {
      operationType: 'count',
      estimatedLoad: { cpu: 0, memoryMb: 100 },
    });
    assert.deepEqual([allowed, edge], [true, `${WORKLOAD}/${SERVICE}`]);
    const sidecars = mesh.sidecars.map(doorOf);
    const [own, other] = nodeOf(operationId) === 'node-1' ? sidecars : [...sidecars].reverse();
    assert.ok(own && other);
    assert.deepEqual(await settle(other, operationId), { settled: false }, 'another node knows nothing of it');
    assert.deepEqual(await settle(own, operationId), { settled: true });
    assert.deepEqual(await settle(mesh.operations, operationId), { settled: false });
    const direct = await check(own);
    assert.deepEqual(await settle(mesh.operations, direct.operationId), { settled: true });
  });

  it('holds operations that come by both doors to the load of the edge', async () => {
    const sidecars = mesh.sidecars.map(doorOf);
    const estimatedLoad = { cpu: 0, memoryMb: MEMORY_MIB / 8 };
    const asked = [mesh.operations, ...sidecars].flatMap((client) =>
      Array.from({ length: 8 }, () => check(client, { estimatedLoad })),
    );
    const answers = await Promise.all(asked);
    const ids = answers.flatMap(({ operationId }) => (operationId === '' ? [] : [operationId]));
    for (const node of ['node-1', 'node-2']) {
      assert.equal(ids.filter((id) => nodeOf(id) === node).length, 4, `${node} holds half of ${MEMORY_MIB} MiB`);
    }
    assert.deepEqual(new Set(answers.map(({ reason }) => reason)), new Set(['', 'load-exhausted']));
    for (const id of ids) assert.deepEqual(await settle(mesh.operations, id), { settled: true });
    for (let each = 0; each < 4; each += 1) {
      const { allowed, operationId } = await check(mesh.operations, { estimatedLoad });
      assert.ok(allowed, 'everything is free again');
      await settle(mesh.operations, operationId);
    }
  });

  it('explains why one was refused, by its id, though no Envoy is there', async () => {
    const { reason, refusalId } = await check(mesh.operations, { estimatedLoad: { cpu: 0, memoryMb: MEMORY_MIB } });
    assert.equal(reason, 'load-exhausted');
    const { refusal } = await grpcCall(mesh.admin, mesh.admin.explain, ExplainRequest.fromPartial({ refusalId }));
    const { limit, used, unit, record } = refusal ?? {};
    assert.deepEqual([record?.id, record?.workload, record?.service], [refusalId, WORKLOAD, SERVICE]);
    assert.deepEqual([limit, used, unit], [MEMORY_MIB / 2, 0, 'MiB']);
  });

  it('tells in its metrics what is open, and by how much it may exceed what was set aside', async () => {
    const id = await allowedAt('node-1');
    await settle(mesh.operations, id);
    const told = async () => {
      const text = await (await fetch(`http://127.0.0.1:${mesh.sidecars[0]?.httpPort}/metrics`)).text();
      const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      return {
        open: metric('capmesh_operations_open'),
        settled: metric('capmesh_operations_ended_total{how="settled"}'.replace(/[{}]/g, '\\$&')),
        memoryMib: metric('capmesh_load_over_admission_max_memory_mib'),
        operations: metric('capmesh_load_over_admission_max_operations'),
      };
    };
    const before = await told();
    assert.deepEqual([before.open, before.memoryMib, before.operations], [0, 0, 0]);
    const client = doorOf(mesh.sidecars[0] as Sidecar);
    const { operationId } = await check(client, { estimatedLoad: { cpu: 0, memoryMb: 100 } });
    assert.deepEqual(await told(), { open: 1, settled: before.settled, memoryMib: 300, operations: 1 });
    await settle(client, operationId);
    assert.deepEqual(await told(), { open: 0, settled: before.settled + 1, memoryMib: 0, operations: 0 });
  });

  it('answers by REST', async () => {
    const url = `http://127.0.0.1:${mesh.plane.restPort}/v1/operations`;
    const headers = { 'x-capacity-token': token, 'content-type': 'application/json' };
    const checked = await fetch(`${url}:check`, { method: 'POST', headers, body: '{"operationType":"count"}' });
    const { allowed, operationId } = (await checked.json()) as { allowed: boolean; operationId: string };
    assert.ok(allowed);
    const body = JSON.stringify({ operationId });
    const settled = await fetch(`${url}:settle`, { method: 'POST', headers, body });
    assert.deepEqual([settled.status, await settled.json()], [200, { settled: true }]);
  });

  it('goes on with the other sidecar when one ends, and says whose operations it cannot settle', async () => {
    const id = await allowedAt('node-2');
    await mesh.sidecars[1]?.stop();
    for (let each = 0; each < 4; each += 1) {
      const { operationId } = await check(mesh.operations);
      assert.equal(nodeOf(operationId), 'node-1');
      await settle(mesh.operations, operationId);
    }
    await assert.rejects(
      settle(mesh.operations, id),
      (error: ServiceError) => error.code === status.UNAVAILABLE && /^the sidecar of node-2/.test(error.details),
    );
    const { nats } = mesh;
    const again = await startSidecar({
      mesh: 'shop',
      node: 'node-2',
      httpPort: 0,
      nats: { servers: nats.servers, nkeySeedFile: nats.seedFile('node-2') },
      stateDir: join(nats.folder, 'node-2'),
      clock: systemClock,
      logger: silentLogger,
    });
    try {
      await settle(mesh.operations, await allowedAt('node-2'));
      assert.deepEqual(await settle(mesh.operations, id), { settled: false }, 'it is of an earlier run');
    } finally {
      await again.stop();
    }
  });

  it('is told within a second that a sidecar hangs', async () => {
    const hanging = await mesh.nats.connect('node-2');
    let heard = 0;
    const callback = (): void => {
      heard += 1;
    };
    hanging.subscribe('capmesh.v1.operations.shop.node-2.settle', { callback });
    await hanging.flush();
    const startMs = systemClock.monotonicMs();
    await assert.rejects(
      settle(mesh.operations, 'node-2/run/audit/inventory/1'),
      (error: ServiceError) => error.code === status.UNAVAILABLE && /did not answer within 1000 ms/.test(error.details),
    );
    const tookMs = systemClock.monotonicMs() - startMs;
    assert.equal(heard, 1);
    assert.ok(tookMs >= 900 && tookMs < 3000, `${tookMs} ms`);
    await hanging.close();
  });
});
