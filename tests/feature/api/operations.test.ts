import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { AskNode, NodeReply } from '../../../control-plane/operations/ask-node.ts';
import { PENDING_MAX } from '../../../control-plane/operations/operation-relay.ts';
import { answerOperation } from '../../../ext-authz/operations/answer-operation.ts';
import { CheckOperationRequest, SettleOperationRequest } from '../../../proto/gen/capmesh/v1/operation_service.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';
import {
  batchToPayment,
  type CheckFixture,
  checkFixture,
  checkoutToPayment,
  edgeLease,
  leaseOf,
  silentLogger,
} from '../../support/check-fixture.ts';
import { claimsOfA, signToken } from '../../support/test-tokens.ts';

describe("the control plane's door for operations", () => {
  let api: ApiFixture;
  let sidecar: CheckFixture;
  let token: string;
  let asked: string[];

  /** The sidecar of the fixture, under any name. */
  const ask: AskNode = async (node, method, request) => {
    asked.push(`${node} ${method}`);
    const answer = answerOperation(sidecar.operations, method, request, silentLogger);
    if (answer instanceof Uint8Array) return { kind: 'answer', data: answer };
    return { kind: 'refusal', code: answer.code, message: answer.details };
  };
  const always =
    (reply: NodeReply): AskNode =>
    async (node, method) => {
      asked.push(`${node} ${method}`);
      return reply;
    };
  const check = (more: Partial<CheckOperationRequest> = {}) =>
    grpcCall(
      api.operations,
      api.operations.checkOperation,
      CheckOperationRequest.fromPartial({ token, service: 'payment', ...more }),
      null,
    );
  const settle = (operationId: string, settler = token) => {
    const request = SettleOperationRequest.fromPartial({ token: settler, operationId });
    return grpcCall(api.operations, api.operations.settleOperation, request, null);
  };
  const failed = (work: Promise<unknown>, code: status, details: RegExp) =>
    rejects(work, (error: ServiceError) => error.code === code && details.test(error.details));
  const rest = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    api.rest('POST', `/v1/operations:${path}`, { body, token: null, headers });

  beforeEach(async () => {
    api = await startApi();
    sidecar = checkFixture();
    const inventory = edgeLease({ workload: 'batch', service: 'inventory', timeoutMs: 1000 });
    const edges = [{ ...checkoutToPayment, timeoutMs: 1000 }, batchToPayment, inventory];
    sidecar.ledger.applyLease(leaseOf(2, edges), 0);
    token = signToken(sidecar.key, claimsOfA);
    asked = [];
    api.nodes = ['node-1'];
    api.askNode = ask;
  });

  afterEach(() => api.stop());

  it('passes checks and settlements on, without a credential but the token', async () => {
    const { allowed, operationId } = await check();
    ok(allowed);
    deepEqual(await settle(operationId), { settled: true });
    deepEqual(await settle(operationId), { settled: false });
    deepEqual(asked, ['node-1 check', 'node-1 settle', 'node-1 settle']);
  });

  it('asks live nodes in turn, and settles where the operation was allowed', async () => {
    api.nodes = ['node-1', 'node-2', 'node-3'];
    const first = await check();
    for (let each = 0; each < 5; each += 1) await check();
    await settle(first.operationId);
    const counts = ['node-1', 'node-2', 'node-3'].map((node) => asked.filter((one) => one === `${node} check`).length);
    deepEqual(counts, [2, 2, 2]);
    equal(asked.at(-1), 'node-1 settle', 'its id says node-1');
  });

  it('asks the next node where one is not there, and no other where one may have done it', async () => {
    api.nodes = ['node-1', 'node-2'];
    api.askNode = (node, ...more) =>
      node === 'node-2' ? always({ kind: 'absent' })(node, ...more) : ask(node, ...more);
    ok((await check()).allowed);
    ok((await check()).allowed);
    deepEqual(asked, ['node-2 check', 'node-1 check', 'node-1 check']);
    asked = [];
    api.askNode = always({ kind: 'silent' });
    await failed(check(), status.UNAVAILABLE, /^the sidecar of node-2 did not answer within 1000 ms/);
    equal(asked.length, 1);
  });

  it('says clearly that nobody is there, at once', async () => {
    api.askNode = always({ kind: 'absent' });
    await failed(check(), status.UNAVAILABLE, /^no sidecar of the mesh is there/);
    const { operationId } = { operationId: 'node-7/run-1/checkout/payment/1' };
    await failed(
      settle(operationId),
      status.UNAVAILABLE,
      /^the sidecar of node-7, .* frees the operation at its time-out/,
    );
    equal(asked.at(-1), 'node-7 settle');
    api.nodes = [];
    await failed(check(), status.UNAVAILABLE, /^no sidecar of the mesh is there/);
    api.isReachable = false;
    await failed(check(), status.UNAVAILABLE, /^the sidecars cannot be reached/);
  });

  it('never lets an id of an operation choose a subject', async () => {
    for (const node of ['*', 'node-1.check', '>', 'NODE', ' ']) {
      deepEqual(await settle(`${node}/run-1/checkout/payment/1`), { settled: false });
    }
    deepEqual(new Set(asked), new Set(['node-1 settle']));
  });

  it('bounds the requests that wait', async () => {
    const answer: (() => void)[] = [];
    api.askNode = () => new Promise((resolve) => answer.push(() => resolve({ kind: 'silent' })));
    const waiting = Array.from({ length: PENDING_MAX }, () => check().catch((error: ServiceError) => error.code));
    while (answer.length < PENDING_MAX) await new Promise((resolve) => setImmediate(resolve));
    await failed(check(), status.RESOURCE_EXHAUSTED, /1000 requests wait for sidecars/);
    for (const release of answer) release();
    deepEqual(new Set(await Promise.all(waiting)), new Set([status.UNAVAILABLE]));
    api.askNode = ask;
    ok((await check()).allowed);
  });

  it('names wrong fields itself, and hands on what a sidecar says', async () => {
    await failed(
      check({ service: 'No', priority: 10 }),
      status.INVALID_ARGUMENT,
      /^service: .*\npriority: must be at most 9/,
    );
    equal(asked.length, 0);
    const batch = signToken(sidecar.key, { ...claimsOfA, sub: 'batch' });
    await failed(
      check({ token: batch, service: '' }),
      status.INVALID_ARGUMENT,
      /^service: must be one of payment, inventory/,
    );
    const { operationId } = await check();
    await failed(settle(operationId, batch), status.PERMISSION_DENIED, /^operationId: /);
    await failed(settle(operationId, 'x.y.z'), status.UNAUTHENTICATED, /^token: token-malformed/);
    api.askNode = always({ kind: 'refusal', code: 13, message: 'the sidecar failed; its log says more' });
    await failed(check(), status.UNAVAILABLE, /^the sidecar failed/);
  });

  it('speaks REST: token in the body or in x-capacity-token', async () => {
    const checked = await rest('check', { token, operationType: 'payment', estimatedLoad: { cpu: 5 } });
    deepEqual([checked.status, checked.body.allowed, checked.body.edge], [200, true, 'checkout/payment']);
    const settled = await rest('settle', { operationId: checked.body.operationId }, { 'x-capacity-token': token });
    deepEqual([settled.status, settled.body], [200, { settled: true }]);
    const both = await rest('check', { token }, { 'x-capacity-token': token });
    deepEqual([both.status, both.body.problems[0].path], [400, 'token']);
    const none = await rest('check', { operationType: 'payment' });
    deepEqual([none.status, none.body.problems[0].path], [400, 'token']);
    const wrong = await rest('check', { token, estimatedLoad: { cpu: -1 }, colour: 'red' });
    deepEqual([wrong.status, wrong.body.problems[0].path], [400, 'colour']);
  });

  it('tells by REST when to come back, and by a status what is not answered', async () => {
    sidecar.ledger.findOrCount('checkout', 'payment', 0).limit.bucket.level = 0;
    const refused = await rest('check', { token, service: 'payment' });
    deepEqual([refused.status, refused.body.allowed, refused.body.reason], [200, false, 'budget-exhausted']);
    equal(refused.headers.get('retry-after'), '1');
    match(refused.body.retryAfter, /^0\.\d+s$/);
    const batch = signToken(sidecar.key, { ...claimsOfA, sub: 'batch' });
    const operationId = 'node-1/run-1/checkout/payment/1';
    const foreign = await rest('settle', { token: batch, operationId });
    deepEqual([foreign.status, foreign.body.code, foreign.body.problems[0].path], [403, 'forbidden', 'operationId']);
    const strange = await rest('settle', { token: 'x.y.z', operationId });
    deepEqual([strange.status, strange.body.code], [401, 'unauthenticated']);
    api.askNode = always({ kind: 'silent' });
    const silent = await rest('check', { token, service: 'payment' });
    deepEqual([silent.status, silent.body.code, silent.headers.get('retry-after')], [503, 'unavailable', '1']);
  });
});
