import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ChannelCredentials, type ServiceError, status } from '@grpc/grpc-js';
import {
  CapmeshClient,
  type CapmeshError,
  capacityFetch,
  capacityInterceptor,
  type Fetch,
  type HeldCapacity,
  type LostGrant,
  meshFetch,
  refusalOfError,
  refusalOfResponse,
} from '../../../client/index.ts';
import { HealthCheckRequest, HealthClient } from '../../../proto/gen/grpc/health/v1/health.ts';
import { type EchoService, startEchoService } from '../../support/echo-service.ts';
import { startProcesses, type Topology } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('the client against a real Envoy', () => {
  let service: EchoService;
  let topology: Topology;
  let client: CapmeshClient;
  let held: HeldCapacity;
  let envoy: string;
  let throughEnvoy: Fetch;

  before(async () => {
    service = await startEchoService();
    topology = await startProcesses({
      mesh: {
        mesh: 'shop',
        services: {
          payment: { endpoints: [service.endpoint], capacity: { rps: 400, concurrency: 24, memoryMiB: 1024 } },
          inventory: { endpoints: [service.endpoint], capacity: { rps: 2 } },
          vault: { endpoints: [service.endpoint] },
        },
        workloads: { checkout: {} },
        budgets: { checkout: { payment: { int: 0.8, ptr: 0.75 }, inventory: { int: 1 } } },
      },
    });
    envoy = new URL(topology.envoyUrls[0] as string).host;
    throughEnvoy = meshFetch(envoy);
    client = new CapmeshClient({
      address: topology.capacityAddress,
      secret: { file: join(topology.stateDir, 'credentials', 'checkout.secret') },
    });
    held = client.holdCapacity({ workloadId: 'checkout' });
    await held.ready();
    const call = capacityFetch(held, { fetch: throughEnvoy });
    for (const name of ['payment', 'inventory']) {
      await waitFor(`an edge to ${name}`, async () => (await call(`http://${name}/`)).status === 200);
    }
  });

  after(async () => {
    await client?.close();
    await topology?.stop();
    await service?.stop();
  });

  it('calls by the name of a service; the service learns the priority, not the token', async () => {
    const call = capacityFetch(held, { fetch: throughEnvoy, capacity: { operation: 'charge', priority: 2 } });
    const answer = await call('http://payment/', { method: 'POST', body: 'x', capacity: { memoryMb: 10 } });
    const headers = JSON.parse(await answer.text());
    assert.deepEqual(
      [answer.status, headers['x-capacity-priority'], headers['x-capacity-operation'], headers['x-capacity-token']],
      [200, '2', 'charge', undefined],
    );
  });

  it('reads why a call was refused', async () => {
    const call = capacityFetch(held, { fetch: throughEnvoy });
    const heavy = await call('http://payment/', { capacity: { memoryMb: 10_000 } });
    const refusal = await refusalOfResponse(heavy);
    assert.deepEqual([heavy.status, refusal?.reason, refusal?.edge], [429, 'load-exhausted', 'checkout/payment']);
    assert.match(refusal?.id ?? '', /\S/);
    const strange = await call('http://vault/');
    assert.deepEqual([strange.status, (await refusalOfResponse(strange))?.reason], [403, 'edge-not-entitled']);
  });

  it('asks the sidecar about operations, settles them, and reads why one was refused', async () => {
    const request = { token: await held.token(), operationType: 'charge', service: 'payment' };
    const estimatedLoad = { cpu: 1, memoryMb: 100 };
    // The control plane asks sidecars that have told it of themselves.
    const allowed = await waitFor('an answer', () => client.checkOperation({ ...request, estimatedLoad }));
    assert.ok(allowed.allowed);
    assert.equal(await client.settleOperation(allowed.operation, { actualLoad: { cpu: 1, memoryMb: 90 } }), true);
    assert.equal(await client.settleOperation(allowed.operation), false, 'it has ended');
    const heavy = await client.checkOperation({ ...request, estimatedLoad: { memoryMb: 10_000 } });
    assert.ok(!heavy.allowed);
    assert.deepEqual([heavy.reason, heavy.edge], ['load-exhausted', 'checkout/payment']);
    assert.ok((heavy.retryAfterMs ?? 0) > 0);
    assert.match(heavy.refusalId, /^[0-9a-f]{8}-[0-9a-z]+$/);
    for (const [more, reason] of [
      [{ service: 'vault' }, 'edge-not-entitled'],
      [{ token: 'forged' }, 'token-malformed'],
    ] as const) {
      const refused = await client.checkOperation({ ...request, ...more });
      assert.ok(!refused.allowed);
      assert.deepEqual([refused.reason, refused.retryAfterMs], [reason, null]);
    }
    const unnamed = client.checkOperation({ ...request, service: '' });
    await assert.rejects(unnamed, ({ code, message }: CapmeshError) => {
      assert.deepEqual([code, /one of inventory, payment/.test(message)], ['invalid', true], message);
      return true;
    });
  });

  it('waits until the budget has room again, where retries are asked for', async () => {
    const once = capacityFetch(held, { fetch: throughEnvoy });
    await waitFor('the budget to be spent', async () => (await once('http://inventory/')).status === 429);
    const again = capacityFetch(held, { fetch: throughEnvoy, retries: 5 });
    assert.equal((await again('http://inventory/')).status, 200);
    assert.ok(Number(service.seen.at(-1)?.['x-capacity-attempt']) > 1);
  });

  it('a token that is revoked under it is replaced, and no call is lost', async () => {
    const lost: LostGrant[] = [];
    held.on('lost', (grant) => lost.push(grant));
    const call = capacityFetch(held, { fetch: throughEnvoy });
    const before = await held.token();
    const { jti } = JSON.parse(Buffer.from(before.split('.')[1] as string, 'base64url').toString());
    await topology.admin.revokeToken(jti);
    const statuses = new Set<number>();
    await waitFor('another token', async () => {
      statuses.add((await call('http://payment/')).status);
      return (await held.token()) !== before;
    });
    assert.deepEqual([...statuses], [200]);
    assert.deepEqual(lost, [{ grantId: jti, reason: 'revoked' }]);
  });

  it('loses no call to renewals, not even a POST', async () => {
    const short = client.holdCapacity({ workloadId: 'checkout', capacityVector: { cInt: 0.5 }, durationMs: 1000 });
    let grants = 0;
    short.on('renewed', () => {
      grants += 1;
    });
    await short.ready();
    const call = capacityFetch(short, { fetch: throughEnvoy });
    const statuses = new Set<number>();
    const caller = async (): Promise<void> => {
      while (grants < 5) statuses.add((await call('http://payment/', { method: 'POST', body: 'x' })).status);
    };
    await Promise.all([caller(), caller(), caller(), caller()]);
    await short.close();
    assert.deepEqual(
      [...statuses].filter((each) => each === 401),
      [],
    );
    assert.ok(statuses.has(200));
  });

  it('keeps its token while the control plane is gone, and renews it when that is back', async () => {
    // 64 calls per second: more than are made below while it waits.
    const tough = client.holdCapacity({ workloadId: 'checkout', capacityVector: { cInt: 0.2 } });
    const token = await tough.ready();
    const failures: string[] = [];
    let renewed = false;
    tough.on('failed', ({ code }) => failures.push(code));
    tough.on('renewed', () => {
      renewed = true;
    });
    process.kill(topology.pids()['control-plane'] as number, 'SIGKILL');
    assert.equal(await tough.replace(token), null, 'nobody is there to renew it');
    const call = capacityFetch(tough, { fetch: throughEnvoy });
    const statuses = new Set<number>();
    await waitFor('another token', async () => {
      statuses.add((await call('http://payment/')).status);
      return renewed;
    });
    assert.deepEqual([[...statuses], new Set(failures)], [[200], new Set(['unavailable'])]);
    assert.notEqual(await tough.token(), token);
    await tough.close();
  });

  it('gRPC: a refusal has its status, and says why', async () => {
    const end = (authority: string, memoryMb: number): Promise<ServiceError | null> => {
      const health = new HealthClient(envoy, ChannelCredentials.createInsecure(), {
        'grpc.default_authority': authority,
        interceptors: [capacityInterceptor(held, { capacity: { memoryMb } })],
      });
      return new Promise((resolve) => {
        health.check(HealthCheckRequest.create(), (error) => {
          health.close();
          resolve(error);
        });
      });
    };
    for (const [authority, memoryMb, code, reason] of [
      ['payment', 10_000, status.RESOURCE_EXHAUSTED, 'load-exhausted'],
      ['vault', 0, status.PERMISSION_DENIED, 'edge-not-entitled'],
    ] as const) {
      const error = await end(authority, memoryMb);
      assert.equal(error?.code, code);
      const refusal = refusalOfError(error as ServiceError);
      assert.deepEqual([refusal?.reason, refusal?.edge], [reason, `checkout/${authority}`], error?.details);
    }
  });
});
