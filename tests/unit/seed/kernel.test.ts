import assert from 'node:assert/strict';
import {
  AXES,
  allPass,
  CapacityKernel,
  computeCapacityMetrics,
  GATES,
  GateMonitor,
  type GateState,
  type GateStatus,
  Substrate,
} from '../../../core/index.ts';
import { kernelPlayer } from '../../support/kernel-player.ts';
import { assertNames, MESH, ONE_TENANT } from '../../support/seed-fixtures.ts';

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
