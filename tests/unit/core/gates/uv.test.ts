import assert from 'node:assert/strict';
import { spectralRadii } from '../../../../core/gates/spectral-radius.ts';
import { type UvInput, uvGate } from '../../../../core/gates/uv.ts';

const payment: UvInput = {
  edges: [
    { name: 'checkout/payment', admittedLevelMax: 12, burst: 53.333, attempts: 2660, retries: 0 },
    { name: 'batch/payment', admittedLevelMax: 4, burst: 26.667, attempts: 1332, retries: 0 },
  ],
  amplification: 0,
  coupling: 0.8,
  observedSec: 60,
  lowestHz: 1 / 30,
  tickSec: 1,
};

describe('UV gate (MATHS §B3)', () => {
  it('gives 0.225 in the worked example (CONTRACT §I)', () => {
    const verdict = uvGate(payment);
    assert.equal(verdict.status, 'PASS');
    assert.equal(verdict.ratio?.toFixed(3), '0.225');
    assert.equal(verdict.worst, 'checkout/payment');
  });

  it('is UNKNOWN until it has three control periods of data', () => {
    assert.equal(uvGate({ ...payment, observedSec: 29 }).reason, 'warmup');
    assert.equal(uvGate({ ...payment, observedSec: 30 }).status, 'PASS');
    assert.equal(uvGate({ ...payment, observedSec: 0 }).status, 'UNKNOWN');
  });

  it('fails when retries pass their budget, but not on fewer than 50 attempts', () => {
    const retrying = (attempts: number, retries: number) =>
      uvGate({ ...payment, edges: [{ name: 'a/payment', admittedLevelMax: 0, burst: null, attempts, retries }] });
    assert.equal(retrying(100, 15).status, 'PASS');
    assert.equal(retrying(100, 17).status, 'FAIL');
    assert.equal(retrying(49, 49).status, 'PASS');
  });

  it('allows no retry at a coupling of 0', () => {
    const edges = [{ name: 'a/payment', admittedLevelMax: 0, burst: null, attempts: 100, retries: 1 }];
    assert.equal(uvGate({ ...payment, coupling: 0, edges }).status, 'FAIL');
  });

  it('fails where calls and retries multiply in a cycle', () => {
    assert.equal(uvGate({ ...payment, amplification: 0.81 }).status, 'FAIL');
  });

  it('does not judge bursts where there is no limit', () => {
    const verdict = uvGate({ ...payment, edges: payment.edges.map((edge) => ({ ...edge, burst: null })) });
    assert.equal(verdict.status, 'PASS');
    assert.equal(verdict.evidence.u_burst, undefined);
  });
});

describe('spectral radius', () => {
  const cycle = (size: number, gain: number) =>
    Array.from({ length: size }, (_, i) => new Map([[(i + 1) % size, i === 0 ? gain ** size : 1]]));

  it('of a cycle is the geometric mean of its gains, small or large', () => {
    for (const size of [2, 5, 64])
      assert.ok(Math.abs((spectralRadii(cycle(size, 0.9))[0] ?? 0) - 0.9) < 1e-9, `${size}`);
  });

  it('of a large full block is found by iteration', () => {
    const full = Array.from({ length: 100 }, () => new Map(Array.from({ length: 100 }, (_, j) => [j, 0.005])));
    assert.ok(Math.abs((spectralRadii(full)[0] ?? 0) - 0.5) < 1e-8);
  });

  it('differs by component', () => {
    const rows = [
      new Map([[1, 2]]),
      new Map([
        [1, 0.3],
        [2, 1],
      ]),
      new Map([[1, 0.1]]),
      new Map<number, number>(),
    ];
    const [first, second, third, fourth] = spectralRadii(rows);
    assert.equal(first, 0);
    assert.equal(second, third);
    assert.ok(Math.abs((second ?? 0) - (0.3 + Math.sqrt(0.49)) / 2) < 1e-12);
    assert.equal(fourth, 0);
  });

  it('is NaN when an entry is not a number of calls', () => {
    assert.ok(Number.isNaN(spectralRadii([new Map([[0, Number.NaN]])])[0]));
    assert.ok(Number.isNaN(spectralRadii([new Map([[0, -1]])])[0]));
  });
});
