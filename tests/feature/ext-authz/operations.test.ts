import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { operationsService } from '../../../ext-authz/operations/operations-service.ts';
import { type Sinks, startSinks } from '../../../ext-authz/sinks/sinks-server.ts';
import {
  CheckOperationRequest,
  OperationsClient,
  SettleOperationRequest,
} from '../../../proto/gen/capmesh/v1/operation_service.ts';
import { grpcCall } from '../../support/api-fixture.ts';
import { checkFixture, checkoutToPayment, leaseOf, silentLogger } from '../../support/check-fixture.ts';
import { claimsOfA, signToken } from '../../support/test-tokens.ts';

describe("capmesh.v1.Operations on the sidecar's socket", () => {
  const fixture = checkFixture();
  const token = signToken(fixture.key, claimsOfA);
  let folder: string;
  let sinks: Sinks;
  let client: OperationsClient;

  const check = (more: Partial<CheckOperationRequest> = {}) =>
    grpcCall(client, client.checkOperation, CheckOperationRequest.fromPartial({ token, ...more }), null);
  const settle = (operationId: string, settler = token) => {
    const request = SettleOperationRequest.fromPartial({ token: settler, operationId });
    return grpcCall(client, client.settleOperation, request, null);
  };

  before(async () => {
    fixture.ledger.applyLease(leaseOf(2, [{ ...checkoutToPayment, timeoutMs: 1000 }]), 0);
    folder = mkdtempSync(join(tmpdir(), 'capmesh-operations-'));
    const path = join(folder, 'sinks.sock');
    sinks = await startSinks({
      address: { path },
      onFlush: () => {},
      onCallEnd: () => {},
      operations: operationsService(fixture.operations, silentLogger),
      logger: silentLogger,
    });
    client = new OperationsClient(`unix:${path}`, credentials.createInsecure());
  });

  after(async () => {
    client?.close();
    await sinks?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('checks and settles, once', async () => {
    const { allowed, operationId, edge } = await check({ operationType: 'charge' });
    assert.deepEqual([allowed, edge], [true, 'checkout/payment']);
    assert.deepEqual(await settle(operationId), { settled: true });
    assert.deepEqual(await settle(operationId), { settled: false });
  });

  it('answers refusals by value, with what a caller needs to come back', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => check({ service: 'payment' })));
    const refused = answers.filter(({ allowed }) => !allowed);
    assert.equal(refused.length, 60 - 25, 'one of the 26 of the burst is spent');
    for (const { reason, retryAfter, remaining, refusalId } of refused) {
      assert.deepEqual([reason, remaining], ['budget-exhausted', 0]);
      assert.ok((retryAfter?.nanos ?? 0) > 0 && refusalId !== '');
    }
    assert.equal(new Set(refused.map(({ refusalId }) => refusalId)).size, refused.length);
  });

  it('says by a status what it does not answer', async () => {
    const failed = async (work: Promise<unknown>, code: status, details: RegExp) =>
      assert.rejects(work, (error: ServiceError) => error.code === code && details.test(error.details));
    await failed(check({ priority: 12 }), status.INVALID_ARGUMENT, /^priority: must be at most 9/);
    await failed(settle('x', 'x.y.z'), status.UNAUTHENTICATED, /^token: token-malformed/);
    const batch = signToken(fixture.key, { ...claimsOfA, sub: 'batch' });
    const [other] = fixture.ledger.operationsOf(fixture.ledger.findOrCount('checkout', 'payment', 0)).open.keys();
    await failed(
      settle(`node-1/run-1/checkout/payment/${other}`, batch),
      status.PERMISSION_DENIED,
      /^operationId: the operation is not one of batch/,
    );
  });
});
