import assert from 'node:assert/strict';
import { assertNames, startedPlatform } from '../../support/seed-fixtures.ts';

/** C_geo → geo, …: the vector's names. `None` → null. */
const ASKED = { geo: 0.7, int: 0.5, gauge: null, ptr: 0.8, obs: 0.3 };

describe('request_capacity', () => {
  const HOUR_MS = 3_600_000;
  const request = { workloadId: 'payment-service', capacityVector: ASKED, durationMs: HOUR_MS };

  it('takes workload_id, capacity_vector and duration, and answers a token', () => {
    const { local, platform } = startedPlatform();
    assertNames(platform, ['request_capacity']);
    assertNames(request, ['workload_id', 'capacity_vector', 'duration'], { duration: 'durationMs' });
    const response = platform.requestCapacity(request, local.now);
    assertNames(response, ['admitted', 'capacity_token']);
    assert.ok(response.admitted);
    assert.equal(response.capacityToken.split('.').length, 3);
    assert.equal(response.expiresAtMs, local.now.wallMs + HOUR_MS);
  });

  it('answers gates_failed where a gate fails, and the axes where the account is exhausted', () => {
    const { local, platform } = startedPlatform();
    const token = local.token('payment-service');
    local.play(60, token, 'cross_service_call', 60);
    const { admitted } = platform.requestCapacity(request, local.now);
    assert.equal(admitted, true);
    const exhausted = platform.requestCapacity({ ...request, capacityVector: { int: 0.6 } }, local.now);
    assertNames(exhausted, ['admitted', 'gates_failed']);
    assert.deepEqual(!exhausted.admitted && [exhausted.gatesFailed, exhausted.bindingAxes], [[], ['int']]);
    local.play(5, token, 'cross_service_call', 60, 80);
    const unstable = platform.requestCapacity({ ...request, capacityVector: { int: 0.1 } }, local.now);
    assert.deepEqual(!unstable.admitted && unstable.gatesFailed, ['fit']);
  });
});

describe('check_operation', () => {
  it('takes token, operation_type and estimated_load, and answers whether it is allowed', () => {
    const { local, platform } = startedPlatform();
    const token = local.token('payment-service');
    const operation = { token, operationType: 'cross_service_call', estimatedLoad: { cpu: 10, memoryMb: 512 } };
    assertNames(platform, ['check_operation']);
    assertNames(operation, ['token', 'operation_type', 'estimated_load']);
    assertNames(operation.estimatedLoad, ['cpu', 'memory_mb']);
    const result = platform.checkOperation(operation, local.now);
    assert.ok('allowed' in result && result.allowed);
    const second = platform.checkOperation(operation, local.now);
    assert.deepEqual(
      second,
      { allowed: false, reason: 'load-exhausted', retryAfterMs: 1000 },
      '512 of 768 MiB are held',
    );
    platform.settleOperation(result.operation, {}, local.now);
    assert.equal(platform.checkOperation(operation, local.now).allowed, true);
  });

  it('checks the bounds of capacity while it runs: rate, load, and the token itself', () => {
    const { local, platform } = startedPlatform();
    const token = local.token('payment-service');
    const reason = (estimatedLoad: { cpu?: number; memoryMb?: number }, candidate = token) => {
      const result = platform.checkOperation(
        { token: candidate, operationType: 'cross_service_call', estimatedLoad },
        local.now,
      );
      if (!result.allowed) return result.reason;
      platform.settleOperation(result.operation, {}, local.now);
      return 'allowed';
    };
    assert.equal(reason({ cpu: 81 }), 'load-exhausted', '0.8 of 100 CPU-ms per second');
    assert.equal(reason({ cpu: 80 }), 'allowed');
    assert.equal(reason({}, 'forged'), 'token-malformed');
    const answers = Array.from({ length: 100 }, () => reason({}));
    assert.deepEqual([answers.indexOf('budget-exhausted'), answers.at(-1)], [63, 'budget-exhausted'], 'σ = 0.2·320');
  });
});
