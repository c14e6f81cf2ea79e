import assert from 'node:assert/strict';
import {
  ChannelCredentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  type CapacityInterceptorOptions,
  CapmeshError,
  capacityInterceptor,
  refusalOfError,
} from '../../../client/index.ts';
import { bindGrpcServer } from '../../../control-plane/api/grpc-server.ts';
import {
  CapacityClient,
  CapacityService,
  type ReleaseCapacityResponse,
} from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { ManualTiming } from '../../support/manual-timing.ts';
import { ScriptedTokens } from '../../support/scripted-tokens.ts';
import { until } from '../../support/until.ts';

type Answer = (callback: sendUnaryData<ReleaseCapacityResponse>) => void;

/** A refusal as a gRPC caller sees it. */
const refuse =
  (code: status, reason: string, retryAfter?: string): Answer =>
  (callback) => {
    const metadata = new Metadata();
    metadata.set('x-capacity-denied', reason);
    if (retryAfter !== undefined) metadata.set('retry-after', retryAfter);
    callback({ code, details: JSON.stringify({ reason, message: 'no room', edge: 'a/b', id: 'r-1' }), metadata });
  };

describe('capacityInterceptor', () => {
  let server: Server;
  let address: string;
  let seen: Metadata[];
  let script: Answer[];
  let timing: ManualTiming;
  let tokens: ScriptedTokens;
  const clients: CapacityClient[] = [];

  /** Any unary method will do. */
  const call = (options: CapacityInterceptorOptions = {}, deadline?: number): Promise<boolean> & { cancel(): void } => {
    const interceptors = [capacityInterceptor(tokens, { timing, ...options })];
    const client = new CapacityClient(address, ChannelCredentials.createInsecure(), { interceptors });
    clients.push(client);
    const metadata = new Metadata();
    metadata.set('x-own', 'a');
    let cancel = (): void => {};
    const answer = new Promise<boolean>((resolve, reject) => {
      const request = { workloadId: 'checkout', grantId: 'g' };
      const running = client.releaseCapacity(
        request,
        metadata,
        deadline === undefined ? {} : { deadline },
        (error, reply) => (error === null ? resolve(reply.released) : reject(error)),
      );
      cancel = () => running.cancel();
    });
    return Object.assign(answer, { cancel });
  };
  const sent = (name: string) => seen.map((metadata) => metadata.get(name)[0]);
  const failure = async (answer: Promise<unknown>): Promise<ServiceError> => {
    const error: unknown = await answer.then(
      () => assert.fail('it succeeded'),
      (reason: unknown) => reason,
    );
    return error as ServiceError;
  };

  before(async () => {
    server = new Server();
    server.addService(CapacityService, {
      releaseCapacity: ({ metadata }: { metadata: Metadata }, callback: sendUnaryData<ReleaseCapacityResponse>) => {
        seen.push(metadata);
        const answer = script.shift();
        if (answer === undefined) callback(null, { released: true });
        else answer(callback);
      },
    });
    address = `127.0.0.1:${await bindGrpcServer(server, { host: '127.0.0.1', port: 0 }, ServerCredentials.createInsecure())}`;
  });

  beforeEach(() => {
    [seen, script] = [[], []];
    timing = new ManualTiming();
    tokens = new ScriptedTokens();
  });

  after(() => {
    for (const client of clients) client.close();
    server.forceShutdown();
  });

  it('puts token and estimate into the metadata', async () => {
    assert.equal(await call({ capacity: { operation: 'charge', cpu: 10, memoryMb: 512, priority: 3 } }), true);
    const names = ['x-own', 'x-capacity-token', 'x-capacity-operation', 'x-capacity-cpu', 'x-capacity-memory-mb'];
    assert.deepEqual(
      names.map((name) => sent(name)[0]),
      ['a', 'token-1', 'charge', '10', '512'],
    );
    assert.deepEqual([sent('x-capacity-priority'), sent('x-capacity-attempt')], [['3'], [undefined]]);
    assert.throws(() => capacityInterceptor(tokens, { capacity: { cpu: -1 }, retries: 1 }), /cpu: /);
  });

  it('a refusal is an error that says why; an error of the service is none', async () => {
    script.push(refuse(status.RESOURCE_EXHAUSTED, 'budget-exhausted', '1'));
    const refused = await failure(call());
    assert.equal(refused.code, status.RESOURCE_EXHAUSTED);
    assert.deepEqual(refusalOfError(refused), {
      reason: 'budget-exhausted',
      message: 'no room',
      edge: 'a/b',
      id: 'r-1',
      remaining: null,
      retryAfterMs: 1000,
    });
    script.push((callback) => callback({ code: status.UNAVAILABLE, details: 'of its own' }));
    const own = await failure(call({ retries: 3 }));
    assert.deepEqual([own.code, own.details, refusalOfError(own), seen.length], [14, 'of its own', null, 2]);
  });

  it('makes a refused call again, not before Retry-After, and tells the attempt', async () => {
    script.push(
      refuse(status.RESOURCE_EXHAUSTED, 'budget-exhausted', '2'),
      refuse(status.UNAVAILABLE, 'breaker-open', '1'),
    );
    const answer = call({ retries: 2 });
    await until(() => timing.sleepers.length > 0);
    await timing.advance(2249);
    assert.equal(seen.length, 1);
    await timing.advance(1);
    await until(() => timing.sleepers.length > 0);
    await timing.advance(1125);
    assert.equal(await answer, true);
    assert.deepEqual(
      [sent('x-capacity-attempt'), sent('x-own')],
      [
        [undefined, '2', '3'],
        ['a', 'a', 'a'],
      ],
    );
    script.push(refuse(status.UNAVAILABLE, 'breaker-open', '1'), refuse(status.UNAVAILABLE, 'shed-priority', '1'));
    const failed = failure(call({ retries: 1 }));
    await until(() => timing.sleepers.length > 0);
    await timing.advance(1125);
    assert.equal(refusalOfError(await failed)?.reason, 'shed-priority');
  });

  it('makes nothing again that will be refused again, or that its deadline leaves no time for', async () => {
    for (const [code, retryAfter] of [
      [status.PERMISSION_DENIED, undefined],
      [status.INVALID_ARGUMENT, undefined],
      [status.UNAUTHENTICATED, undefined],
      [status.RESOURCE_EXHAUSTED, '11'],
    ] as const) {
      seen.length = 0;
      script.push(refuse(code, 'some-reason', retryAfter));
      assert.equal((await failure(call({ retries: 3 }))).code, code);
      assert.equal(seen.length, 1);
    }
    script.push(refuse(status.RESOURCE_EXHAUSTED, 'budget-exhausted', '2'));
    assert.equal((await failure(call({ retries: 3 }, timing.clock.wallMs() + 2000))).code, status.RESOURCE_EXHAUSTED);
    assert.deepEqual(timing.pauses, []);
  });

  it('tells of a token that was refused, and uses its successor once where calls may be repeated', async () => {
    tokens.next = 'token-2';
    script.push(refuse(status.UNAUTHENTICATED, 'token-revoked'), refuse(status.UNAUTHENTICATED, 'token-revoked'));
    await failure(call({ retries: 1 }));
    assert.deepEqual(
      [sent('x-capacity-token'), tokens.refused],
      [
        ['token-1', 'token-2'],
        ['token-1', 'token-2'],
      ],
    );
    script.push(refuse(status.UNAUTHENTICATED, 'token-revoked'));
    await failure(call());
    assert.deepEqual([seen.length, tokens.refused.length], [3, 3]);
  });

  it('without a token there is no call', async () => {
    tokens.failure = new CapmeshError('refused', 'mesh:1', 'not admitted');
    const error = await failure(call());
    assert.equal(error.code, status.UNAVAILABLE);
    assert.match(error.details, /mesh:1: not admitted/);
    assert.equal(seen.length, 0);
  });

  it('ends a pause when its caller gives up', async () => {
    script.push(refuse(status.RESOURCE_EXHAUSTED, 'budget-exhausted', '5'));
    const answer = call({ retries: 1 });
    const failed = failure(answer);
    await until(() => timing.sleepers.length > 0);
    answer.cancel();
    assert.equal((await failed).code, status.CANCELLED);
    assert.deepEqual([seen.length, timing.sleepers], [1, []]);
  });
});
