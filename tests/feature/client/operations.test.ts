import assert from 'node:assert/strict';
import { Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { CapmeshClient, type CapmeshError } from '../../../client/index.ts';
import { bindGrpcServer } from '../../../control-plane/api/grpc-server.ts';
import type { RunningOperation } from '../../../core/standalone/running-operation.ts';
import { secondsAndNanos } from '../../../platform/protobuf-time.ts';
import {
  type CheckOperationRequest,
  CheckOperationResponse,
  OperationsService,
  type SettleOperationRequest,
  type SettleOperationResponse,
} from '../../../proto/gen/capmesh/v1/operation_service.ts';
import type { LocalPlatform } from '../../support/local-platform.ts';
import { startedPlatform } from '../../support/seed-fixtures.ts';

const OPERATION = { operationType: 'cross_service_call', estimatedLoad: { cpu: 10, memoryMb: 512 } };

describe('operations of a client', () => {
  let server: Server;
  let client: CapmeshClient;
  let local: LocalPlatform;
  let token: string;
  /** Settlements that fail before one is answered. */
  let lost = 0;
  let settlements = 0;
  const running = new Map<string, RunningOperation>();

  /** The door as its proto says it; the library decides behind it. */
  const check = (
    { request }: ServerUnaryCall<CheckOperationRequest, CheckOperationResponse>,
    answer: sendUnaryData<CheckOperationResponse>,
  ): void => {
    const result = local.platform.checkOperation(request, local.now);
    if (!result.allowed) {
      const retryAfter = result.retryAfterMs === null ? undefined : secondsAndNanos(result.retryAfterMs);
      answer(null, CheckOperationResponse.fromPartial({ reason: result.reason, ...(retryAfter && { retryAfter }) }));
      return;
    }
    const operationId = `op-${running.size}`;
    running.set(operationId, result.operation);
    answer(null, CheckOperationResponse.fromPartial({ allowed: true, operationId }));
  };
  const settle = (
    { request }: ServerUnaryCall<SettleOperationRequest, SettleOperationResponse>,
    answer: sendUnaryData<SettleOperationResponse>,
  ): void => {
    settlements += 1;
    if (lost > 0) {
      lost -= 1;
      answer({ code: status.UNAVAILABLE, details: 'the sidecar did not answer' });
      return;
    }
    const { operationId, actualLoad } = request;
    const operation = running.get(operationId) as RunningOperation;
    answer(null, { settled: local.platform.settleOperation(operation, { actualLoad }, local.now) });
  };

  before(async () => {
    ({ local } = startedPlatform());
    token = local.token('payment-service');
    server = new Server();
    server.addService(OperationsService, { checkOperation: check, settleOperation: settle });
    const address = `127.0.0.1:${await bindGrpcServer(server, { host: '127.0.0.1', port: 0 })}`;
    client = new CapmeshClient({ address, secret: () => '' });
  });

  after(async () => {
    await client.close();
    server.forceShutdown();
  });

  it('are allowed while their load fits, refused with a time where it does not, and settled once', async () => {
    const first = await client.checkOperation({ token, ...OPERATION });
    assert.ok(first.allowed);
    const second = await client.checkOperation({ token, ...OPERATION });
    assert.ok(!second.allowed, '512 of 768 MiB are held');
    assert.deepEqual([second.reason, second.retryAfterMs], ['load-exhausted', 1000]);
    assert.equal(await client.settleOperation(first.operation, { actualLoad: { cpu: 8, memoryMb: 430 } }), true);
    assert.equal(await client.settleOperation(first.operation), false);
    const third = await client.checkOperation({ token, ...OPERATION });
    assert.ok(third.allowed, 'its memory is free again');
    await client.settleOperation(third.operation);
  });

  it('settle again where the answer was lost, at most three times', async () => {
    const allowed = await client.checkOperation({ token, ...OPERATION });
    assert.ok(allowed.allowed);
    [lost, settlements] = [2, 0];
    assert.equal(await client.settleOperation(allowed.operation), true);
    assert.equal(settlements, 3);
    [lost, settlements] = [9, 0];
    await assert.rejects(client.settleOperation(allowed.operation), (error: CapmeshError) => {
      assert.deepEqual([error.code, error.hint, settlements], ['unavailable', '', 3]);
      return true;
    });
  });

  it('a token that is none is a refusal that time does not mend', async () => {
    const forged = await client.checkOperation({ token: 'forged', ...OPERATION });
    assert.ok(!forged.allowed);
    assert.deepEqual([forged.reason, forged.retryAfterMs], ['token-malformed', null]);
  });
});
