import assert from 'node:assert/strict';
import { eventMessage } from '../../../control-plane/loop/event-message.ts';
import {
  AXES,
  allPass,
  CapacityKernel,
  CouplingAllocator,
  computeCapacityMetrics,
  D_MAX,
  DimensionAllocator,
  GATES,
  GateMonitor,
  type GateState,
  type GateStatus,
  ObserverAllocator,
  PointerAllocator,
  StabilityController,
  Substrate,
  SubstrateState,
  SymmetryAllocator,
  type WorkloadSpec,
} from '../../../core/index.ts';
import { messageDescriptor } from '../../../platform/message-registry.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { GateStatus as GateStatusMessage } from '../../../proto/gen/capmesh/v1/gates.ts';
import { kernelPlayer } from '../../support/kernel-player.ts';
import type { MeshPlayer } from '../../support/mesh-player.ts';
import {
  actionsIn,
  assertNames,
  CHAIN,
  camelCase,
  MESH,
  ONE_TENANT,
  startedPlatform,
} from '../../support/seed-fixtures.ts';

/**
 * The design that Capmesh grew from, code block by code block: every type, method
 * and parameter is here under its own name, written as TypeScript writes names,
 * and does what was said of it. Where a name differs the table of the block says so.
 */

describe('core principle: stable if and only if all four gates pass', () => {
  const verdict = (status: GateStatus) => ({ status, ratio: null, reason: '', worst: '', evidence: {} });
  const statuses = ['PASS', 'FAIL', 'UNKNOWN', 'NOT_APPLICABLE'] as const;

  it('PASS and NOT_APPLICABLE are passing, FAIL and UNKNOWN are not, in all 256 combinations', () => {
    for (let combination = 0; combination < 256; combination++) {
      const chosen = GATES.map((_, gate) => statuses[(combination >> (2 * gate)) & 3] ?? 'FAIL');
      const gates = Object.fromEntries(GATES.map((gate, i) => [gate, verdict(chosen[i] ?? 'FAIL')]));
      const passing = chosen.every((status) => status === 'PASS' || status === 'NOT_APPLICABLE');
      assert.equal(allPass(gates as unknown as GateState), passing, chosen.join());
    }
  });

  it('is what a kernel says of its mesh', () => {
    const { kernel, player } = kernelPlayer(ONE_TENANT, CapacityKernel);
    const agree = () => assert.equal(kernel.view(player.nowMs).stability === 'stable', allPass(kernel.gates));
    assert.equal(kernel.view(0).stability, 'degraded', 'a kernel that has seen nothing is not stable');
    agree();
    player.seconds(60, { 'node-1': { calls: 100 } });
    assert.equal(kernel.view(player.nowMs).stability, 'stable');
    agree();
    player.seconds(4, { 'node-1': { calls: 100, latencyMs: 100 } });
    assert.equal(kernel.view(player.nowMs).stability, 'unstable');
    agree();
  });
});

describe('CapacityKernel', () => {
  it('has C, gates, substrate, tick and stabilize', () => {
    const { kernel } = kernelPlayer(MESH, CapacityKernel);
    assertNames(kernel, ['C', 'gates', 'substrate', 'tick', 'stabilize', 'all_pass']);
    assert.deepEqual(Object.keys(kernel.C), [...AXES]);
    assert.deepEqual([kernel.C.geo, kernel.C.int], [0.6, 0.5]);
    assert.deepEqual(Object.keys(kernel.gates), [...GATES]);
    assert.ok(kernel.substrate instanceof Substrate);
  });

  // `gates.update(metrics)` is a part of `tick`, for verdicts are steadied there; `gates.all_pass()` is `allPass()`.
  it('tick measures the substrate, updates the gates and stabilises if not all of them pass', () => {
    const calls: string[] = [];
    class Watched extends CapacityKernel {
      override stabilize(...args: Parameters<CapacityKernel['stabilize']>) {
        calls.push(`stabilize with fit ${this.gates.fit.status}`);
        return super.stabilize(...args);
      }
    }
    const { kernel, player } = kernelPlayer(ONE_TENANT, Watched);
    const measure = kernel.substrate.measure.bind(kernel.substrate);
    kernel.substrate.measure = (now) => {
      calls.push(`measure with fit ${kernel.gates.fit.status}`);
      return measure(now);
    };
    player.seconds(60, { 'node-1': { calls: 100 } });
    calls.length = 0;
    player.seconds(1, { 'node-1': { calls: 100 } });
    assert.deepEqual(calls.splice(0), ['measure with fit PASS'], 'nothing to stabilise');
    player.seconds(4, { 'node-1': { calls: 100, latencyMs: 100 } });
    const failed = calls.indexOf('stabilize with fit FAIL');
    assert.equal(calls[failed - 1], 'measure with fit PASS', calls.join());
  });

  it('compute_capacity_metrics gives the metrics of all gates, over thresholds that follow C', () => {
    const { kernel, player } = kernelPlayer(ONE_TENANT, CapacityKernel);
    player.seconds(60, { 'node-1': { calls: 100 } });
    player.seconds(10, { 'node-1': { calls: 100, latencyMs: 25 } });
    const state = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 0 });
    const metric = (geo: number) => computeCapacityMetrics(state, { ...kernel.C, geo }).get('payment')?.fit.ratio ?? 0;
    assert.ok(metric(0) > 0);
    assert.ok(Math.abs(metric(1) / metric(0) - 2) < 1e-9, 'ε_fit = 0.25·(1 − 0.5·C_geo)');
  });
});

describe('GateMonitor', () => {
  const { kernel, player } = kernelPlayer(MESH, CapacityKernel);
  player.seconds(60, { 'node-1': { calls: 100 } });
  const state = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 0 });

  it('has the parameters of the design, with units where there are any', () => {
    const monitor = new GateMonitor();
    assertNames(monitor, ['fit_threshold', 'gluing_k', 'uv_lambda1', 'uv_lambda_max', 'isolation_eps', 'evaluate'], {
      uv_lambda1: 'uvLambda1Hz',
      uv_lambda_max: 'uvLambdaMaxHz',
    });
    const own = { fitThreshold: 0.1, gluingK: 2, uvLambda1Hz: 0.1, uvLambdaMaxHz: 600, isolationEps: 0.2 };
    assert.deepEqual({ ...new GateMonitor(own) }, own);
  });

  it('evaluates a SubstrateState and a C into a verdict for each gate', () => {
    const result = new GateMonitor().evaluate(state, kernel.C);
    assert.deepEqual(Object.keys(result.gates).sort(), [...GATES].sort());
    for (const gate of GATES) assert.notEqual(result.gates[gate].status, 'FAIL');
    assert.equal(result.allPass, allPass(result.gates));
    // tests/unit/core/kernel/gate-monitor.test.ts shows that each parameter changes a verdict.
    assert.equal(new GateMonitor({ uvLambda1Hz: 1 / 600 }).evaluate(state, kernel.C).gates.uv.status, 'UNKNOWN');
  });
});

describe('StabilityController', () => {
  const told = (play: (player: MeshPlayer) => void, gate: string): string[] => {
    const { player } = kernelPlayer(MESH, CapacityKernel);
    play(player);
    const actions = actionsIn(player.effects).filter((action) => action.gate === gate);
    return [...new Set(actions.map(({ horizon, kind, target }) => `${horizon} ${kind} ${target}`))];
  };
  const health = (player: MeshPlayer): void => player.seconds(120, { 'node-1': { calls: 100 } });

  it('has an answer to each gate', () => {
    const names = ['fit', 'gluing', 'uv', 'isolation'].map((gate) => `on_${gate}_violation`);
    assertNames(StabilityController.prototype, names);
  });

  it('fit: falls back to what is known', () => {
    const actions = told((player) => {
      health(player);
      player.seconds(5, { 'node-1': { calls: 100, latencyMs: 200 } });
    }, 'fit');
    assert.ok(actions.includes('immediate freeze-learning payment'), actions.join());
  });

  it('gluing: changes nothing by itself and adds coherence points', () => {
    const actions = told((player) => player.seconds(20, { 'node-1': { calls: 200, attempts: 150 } }), 'gluing');
    assert.deepEqual(actions, ['immediate hold-rollout payment', 'immediate shorten-leases payment']);
  });

  it('UV: asks for larger batches and, where there is harm, limits the burst', () => {
    const actions = told((player) => {
      health(player);
      player.seconds(5, { 'node-1': { calls: 100, level: 300, latencyMs: 40 } });
    }, 'uv');
    assert.ok(
      actions.some((action) => /^immediate advise-batching (web|batch)\/payment$/.test(action)),
      actions.join(),
    );
    assert.ok(
      actions.some((action) => /^immediate cut-burst (web|batch)\/payment$/.test(action)),
      actions.join(),
    );
  });

  it('isolation: takes from the neighbour that harms, a little first', () => {
    const actions = told((player) => {
      for (let sec = 0; sec < 120; sec++) {
        player.second({ 'node-1': { 'web/payment': { calls: 100 }, 'batch/payment': { calls: 50 } } });
      }
      for (let sec = 0; sec < 20; sec++) {
        const slow = { calls: 100, latencyMs: 36 };
        player.second({ 'node-1': { 'web/payment': slow, 'batch/payment': { calls: 500, latencyMs: 36 } } });
      }
    }, 'isolation');
    assert.equal(actions[0], 'immediate probe batch');
  });
});

describe('allocators, one for each axis', () => {
  const workload: WorkloadSpec = {
    workloadId: 'payment-service',
    weight: 1,
    pool: {
      capacity: { rps: 400, concurrency: 24, cpuMsPerSec: 4000, memoryMiB: 1000 },
      nodes: 1,
      replicas: 5,
      endpointsPerLevel: [1, 1, 1, 1, 1],
      others: [],
    },
  };

  it('C_geo: DimensionAllocator', () => {
    const allocator = new DimensionAllocator();
    const flags = ['threads_per_core', 'cores_per_numa', 'numa_per_node', 'nodes_per_rack', 'racks_active'];
    assertNames(allocator, ['allocate']);
    assert.equal(D_MAX, flags.length);
    for (const cGeo of [0, 0.19, 0.2, 0.39, 0.4, 0.5, 0.6, 0.7, 0.8, 0.99, 1]) {
      const assignment = allocator.allocate(cGeo, workload);
      assertNames(assignment, [...flags, 'active_dims', 'd_nom'], { d_nom: 'nominalDims' });
      assert.equal(assignment.nominalDims, cGeo * D_MAX);
      assert.equal(assignment.activeDims, Math.ceil(cGeo * D_MAX));
      const expected = [0.2, 0.4, 0.6, 0.8, 1].map((threshold) => cGeo >= threshold);
      assert.deepEqual(
        flags.map((flag) => assignment[camelCase(flag) as keyof typeof assignment]),
        expected,
        `C_geo ${cGeo}`,
      );
    }
  });

  it('C_int: CouplingAllocator gives message rates, and retries that cannot storm', () => {
    const assignment = new CouplingAllocator().allocate(0.5, workload);
    assert.deepEqual(assignment, { guaranteeRps: 200, burst: 40, retryBudgetPercent: 10, cpuMsPerSec: 2000 });
  });

  it('C_gauge: SymmetryAllocator gives a quorum that is never a minority', () => {
    const allocator = new SymmetryAllocator();
    assert.deepEqual(
      [0, 0.2, 0.5, 0.7, 1].map((cGauge) => allocator.allocate(cGauge, workload).quorum),
      [3, 3, 3, 4, 5],
    );
  });

  it('C_ptr: PointerAllocator gives what may be held at once', () => {
    const { concurrency, memoryMiB } = new PointerAllocator().allocate(0.75, workload);
    assert.deepEqual([concurrency, memoryMiB], [18, 750]);
  });

  it('C_obs: ObserverAllocator gives metrics, log lines and traces', () => {
    assert.deepEqual(new ObserverAllocator().allocate(0.3, workload), {
      traceSamplingPercent: 30,
      accessLogLinesPerSec: 300,
      seriesPerTenant: 3000,
    });
  });
});

describe('SubstrateState', () => {
  const { kernel, player } = kernelPlayer(CHAIN, CapacityKernel);
  player.seconds(60, { 'node-1': { calls: 100 } });
  const state = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 1_800_000_000_000 });

  it('has what is measured', () => {
    assert.ok(state instanceof SubstrateState);
    const fields = ['service_metrics', 'resource_metrics', 'correlator_g', 'eigenvalue_spectrum', 'timestamp'];
    assertNames(state, fields, { timestamp: 'timestampMs' });
    assert.equal(state.timestampMs, 1_800_000_000_000);
  });

  it('service_metrics: load, latency and errors over time', () => {
    const stream = state.serviceMetrics.get('payment') ?? [];
    assert.ok(stream.length > 50);
    assert.deepEqual(stream.at(-1), { durationSec: 1, loadRps: 100, latencyMs: 20, errorRatio: 0, inFlight: 2 });
  });

  it('correlator_g: the calls that were seen against those that the model expects', () => {
    const { names, cells } = state.correlatorG;
    const inner = cells.find(({ from, to }) => names[from] === 'checkout' && names[to] === 'payment');
    assert.equal(inner?.observedRps, 100);
    assert.ok(Math.abs((inner?.expectedRps ?? 0) - 100) < 1e-6);
  });

  it('eigenvalue_spectrum: of the calls between services, 0 … 2', () => {
    const eigenvalues = state.eigenvalueSpectrum.eigenvalues ?? [];
    assert.equal(eigenvalues.map((value) => value.toFixed(6)).join(), '0.000000,1.000000,2.000000', 'a path of three');
  });
});

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

describe('CapacityEvent', () => {
  it('has the fields of the design, with their numbers', () => {
    const { fields } = messageDescriptor('capmesh.v1.CapacityEvent');
    const told = fields.map(({ name, number, message }) => `${message?.typeName ?? 'string'} ${name} = ${number}`);
    assert.deepEqual(told.slice(0, 6), [
      'string workload_id = 1',
      'capmesh.v1.CapacityVector allocated = 2',
      'capmesh.v1.CapacityVector consumed = 3',
      'capmesh.v1.GateState gates = 4',
      'capmesh.v1.StabilityAction action_taken = 5',
      'google.protobuf.Timestamp timestamp = 6',
    ]);
    assert.ok(fields.slice(6).every(({ number }) => number > 6));
  });

  it('carries the vector and the gates by their names', () => {
    const names = (type: string) => messageDescriptor(type).fields.map(({ name }) => name);
    assert.equal(names('capmesh.v1.CapacityVector').join(), AXES.map((axis) => `c_${axis}`).join());
    assert.deepEqual(names('capmesh.v1.GateState'), [...GATES]);
  });

  it('is what a kernel tells when it acts', () => {
    const { player } = kernelPlayer(ONE_TENANT, CapacityKernel);
    player.seconds(60, { 'node-1': { calls: 100 } });
    player.seconds(4, { 'node-1': { calls: 100, latencyMs: 100 } });
    const events = player.effects.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
    const record = events.find(({ action }) => action !== null);
    assert.ok(record);
    const event = CapacityEvent.decode(CapacityEvent.encode(eventMessage(record)).finish());
    assertNames(event, ['workload_id', 'allocated', 'consumed', 'gates', 'action_taken', 'timestamp']);
    assert.deepEqual([event.workloadId, event.actionTaken?.gate], ['web', 'fit']);
    assert.equal(event.gates?.fit?.status, GateStatusMessage.GATE_STATUS_FAIL);
    assert.equal(event.allocated?.cInt, 0.5);
    assert.ok(Math.abs((event.consumed?.cInt ?? 0) - 0.1) < 0.01);
    assert.equal(event.timestamp?.seconds, record.wallMs / 1000);
  });
});
