import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Answer } from '../../../demo/http/answer.ts';
import { callingHandler } from '../../../demo/services/calling-handler.ts';
import { CapacityToken } from '../../../demo/services/capacity-token.ts';
import { listen } from '../../../demo/services/listen.ts';
import { type MeshCaller, meshCaller } from '../../../demo/services/mesh-caller.ts';
import {
  type CapacityServer,
  CapacityService,
  RequestCapacityResponse,
} from '../../../proto/gen/capmesh/v1/capacity_service.ts';

const answering =
  (answer: Answer): MeshCaller =>
  () =>
    Promise.resolve(answer);
const ok = answering({ kind: 'answered', status: 200, denied: null });

/** Serves one call to `handler` over HTTP. */
async function fetchFrom(handler: RequestListener, headers: Record<string, string> = {}): Promise<Response> {
  const server = await listen(0, handler);
  try {
    return await fetch(`http://127.0.0.1:${server.port}/`, { headers });
  } finally {
    await server.stop();
  }
}

describe('callingHandler()', () => {
  it('answers 200 when all services behind it did', async () => {
    assert.equal((await fetchFrom(callingHandler([ok, ok]))).status, 200);
  });

  it('passes a refusal on with its reason and calls nobody after it', async () => {
    const refusing = answering({ kind: 'answered', status: 503, denied: 'breaker-open' });
    let calledAfter = false;
    const after: MeshCaller = () => {
      calledAfter = true;
      return ok();
    };
    const answer = await fetchFrom(callingHandler([ok, refusing, after]));
    assert.deepEqual([answer.status, answer.headers.get('x-capacity-denied')], [503, 'breaker-open']);
    assert.equal(calledAfter, false);
  });

  it('calls on at the priority of the call that it serves, so that work for a batch job stays batch', async () => {
    const priorities: (string | undefined)[] = [];
    const asking: MeshCaller = (priority) => {
      priorities.push(priority);
      return ok();
    };
    await fetchFrom(callingHandler([asking, asking]), { 'x-capacity-priority': '2' });
    await fetchFrom(callingHandler([asking]));
    assert.deepEqual(priorities, ['2', '2', '']);
  });

  it('names no reason where there was none, and answers 502 when the mesh cannot be reached', async () => {
    const timedOut = await fetchFrom(callingHandler([answering({ kind: 'answered', status: 504, denied: null })]));
    assert.deepEqual([timedOut.status, timedOut.headers.get('x-capacity-denied')], [504, null]);
    assert.equal((await fetchFrom(callingHandler([answering({ kind: 'failed', cause: 'timeout' })]))).status, 502);
  });
});

describe('meshCaller()', () => {
  it('names the service as host, shows the token of the moment and passes a priority on', async () => {
    const seen: unknown[][] = [];
    const mesh = await listen(0, (request, response) => {
      const { host, 'x-capacity-token': token, 'x-capacity-priority': priority } = request.headers;
      seen.push([host, token, priority]);
      response.end();
    });
    let headers = { 'x-capacity-token': 'first' };
    const call = meshCaller({ host: '127.0.0.1', ports: [mesh.port], service: 'payment', headers: () => headers });
    await call();
    headers = { 'x-capacity-token': 'second' };
    await call('2');
    await call('no priority');
    await mesh.stop();
    assert.deepEqual(seen, [
      ['payment', 'first', undefined],
      ['payment', 'second', '2'],
      ['payment', 'second', undefined],
    ]);
  });

  it('takes turns over the Envoys, and says which attempt it is', async () => {
    const attempts: string[] = [];
    const envoys = await Promise.all(
      ['a', 'b'].map((name) =>
        listen(0, (request, response) => {
          attempts.push(`${name} ${request.headers['x-capacity-attempt'] ?? 'first'}`);
          response.statusCode = attempts.length === 3 ? 200 : 503;
          response.end();
        }),
      ),
    );
    const ports = envoys.map(({ port }) => port);
    const call = meshCaller({ host: '127.0.0.1', ports, service: 'payment', headers: () => ({}), attemptsMax: 3 });
    const answer = await call();
    for (const envoy of envoys) await envoy.stop();
    assert.deepEqual(answer, { kind: 'answered', status: 200, denied: null });
    assert.deepEqual(attempts, ['b first', 'a 2', 'b 3']);
  });

  it('does not try again what was refused', async () => {
    let calls = 0;
    const mesh = await listen(0, (_request, response) => {
      calls += 1;
      response.writeHead(503, { 'x-capacity-denied': 'breaker-open' }).end();
    });
    const ports = [mesh.port];
    await meshCaller({ host: '127.0.0.1', ports, service: 'payment', headers: () => ({}), attemptsMax: 3 })();
    await mesh.stop();
    assert.equal(calls, 1);
  });
});

describe('CapacityToken', () => {
  let server: Server;
  let address: string;
  let asked: { authorization: string; workload: string }[];
  let admitted: boolean;

  beforeEach(async () => {
    asked = [];
    admitted = true;
    server = new Server();
    const implementation: CapacityServer = {
      requestCapacity: ({ metadata, request }, answer) => {
        asked.push({ authorization: `${metadata.get('authorization')[0]}`, workload: request.workloadId });
        answer(null, RequestCapacityResponse.fromPartial({ admitted, capacityToken: `token-${asked.length}` }));
      },
      renewCapacity: (_call, answer) => answer(null, RequestCapacityResponse.fromPartial({ admitted })),
      releaseCapacity: (_call, answer) => answer(null, { released: true }),
    };
    server.addService(CapacityService, implementation);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    address = `127.0.0.1:${port}`;
  });

  afterEach(() => server.forceShutdown());

  it('proves the workload by its secret and renews the token before it expires', async () => {
    const token = await CapacityToken.obtain({ address, workload: 'checkout', secret: 's3', lifetimeSeconds: 1 });
    const first = token.headers();
    assert.deepEqual(first, { 'x-capacity-token': 'token-1' });
    assert.equal(token.headers(), first);
    const startMs = performance.now();
    while (token.headers() === first) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(performance.now() - startMs < 1000, 'renewed too late');
    token.close();
    assert.deepEqual(asked[0], { authorization: 'Bearer s3', workload: 'checkout' });
  });

  it('asks again while it is not admitted', async () => {
    admitted = false;
    const problems: string[] = [];
    const onProblem = (message: string) => {
      problems.push(message);
      admitted = true;
    };
    const token = await CapacityToken.obtain({ address, workload: 'web', secret: 's', lifetimeSeconds: 60, onProblem });
    token.close();
    assert.deepEqual([problems.length, asked.length], [1, 2]);
  });
});
