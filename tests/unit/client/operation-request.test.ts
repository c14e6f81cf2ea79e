import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { checkMessage, operationResult } from '../../../client/operation-request.ts';
import { CheckOperationRequest, CheckOperationResponse } from '../../../proto/gen/capmesh/v1/operation_service.ts';

const REQUEST = { token: 'a.b.c', operationType: 'cross_service_call', estimatedLoad: { cpu: 10, memoryMb: 512 } };

/** As it arrives. */
const sent = (message: CheckOperationRequest): CheckOperationRequest =>
  CheckOperationRequest.decode(CheckOperationRequest.encode(message).finish());

describe('operations as messages', () => {
  it('say what they are thought to need, and only what is known', () => {
    assert.deepEqual(sent(checkMessage(REQUEST)), {
      token: 'a.b.c',
      operationType: 'cross_service_call',
      estimatedLoad: { cpu: 10, memoryMb: 512 },
      service: '',
      priority: undefined,
      attempt: 0,
    });
    const all = { ...REQUEST, estimatedLoad: { cpu: 1 }, service: 'payment', priority: 0, attempt: 2 };
    const { estimatedLoad, service, priority, attempt } = sent(checkMessage(all));
    assert.deepEqual([estimatedLoad, service, priority, attempt], [{ cpu: 1, memoryMb: 0 }, 'payment', 0, 2]);
    assert.equal(sent(checkMessage({ token: 'a', operationType: 'b' })).estimatedLoad, undefined);
  });

  it('are settled by their id and token, which nobody sees', () => {
    const result = operationResult(REQUEST, CheckOperationResponse.fromPartial({ allowed: true, operationId: 'n/1' }));
    assert.ok(result.allowed);
    assert.deepEqual(result.operation.settlement({ actualLoad: { cpu: 8, memoryMb: 430 } }), {
      token: 'a.b.c',
      operationId: 'n/1',
      actualLoad: { cpu: 8, memoryMb: 430 },
    });
    assert.equal(result.operation.settlement({}).actualLoad, undefined, 'as estimated');
    assert.equal(inspect(result, { depth: 9, showHidden: true }).includes('a.b.c'), false);
    assert.equal(
      JSON.stringify(result),
      '{"allowed":true,"operation":{"id":"n/1","operationType":"cross_service_call"}}',
    );
  });

  it('are refused with a reason, and a time where time helps', () => {
    const refused = { reason: 'load-exhausted', message: 'no room', edge: 'a/b', refusalId: 'r-1' };
    const answer = CheckOperationResponse.fromPartial({
      ...refused,
      retryAfter: { seconds: 1, nanos: 5e8 },
      remaining: 0,
    });
    assert.deepEqual(operationResult(REQUEST, answer), {
      allowed: false,
      ...refused,
      retryAfterMs: 1500,
      remaining: 0,
    });
    assert.deepEqual(operationResult(REQUEST, CheckOperationResponse.fromPartial(refused)), {
      allowed: false,
      ...refused,
      retryAfterMs: null,
      remaining: null,
    });
  });
});
