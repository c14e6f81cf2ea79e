import assert from 'node:assert/strict';
import { errorDrift } from '../../../../core/gates/error-drift.ts';
import { type FitInput, fitGate, fitThreshold } from '../../../../core/gates/fit.ts';
import { fitLatency } from '../../../../core/gates/fit-latency.ts';
import { type FitRateInput, fitRate } from '../../../../core/gates/fit-rate.ts';

const rateInput = (observed: number[], expected: number[]): FitRateInput => ({
  observed,
  expected,
  modelVariance: expected.map(() => 0),
  dispersion: 1,
  threshold: 0.25,
  z: 2.33,
});

describe('fit, rate part (MATHS §B1)', () => {
  it('does not change when traffic doubles everywhere at high volume', () => {
    const once = fitRate(rateInput([4e6, 3e6, 5.5e6], [4e6, 3e6, 5e6]));
    const twice = fitRate(rateInput([8e6, 6e6, 11e6], [8e6, 6e6, 10e6]));
    assert.ok(once.status !== 'UNKNOWN' && twice.status !== 'UNKNOWN');
    assert.ok(Math.abs(once.value - twice.value) < 1e-6);
  });

  it('names every small edge of the pooled cell', () => {
    const result = fitRate(rateInput([2, 400, 70], [2, 400, 1]));
    assert.ok(result.status === 'FAIL');
    assert.deepEqual(result.worstMembers, [0, 2]);
  });

  it('says nothing about edges that neither expect nor see a call', () => {
    const result = fitRate(rateInput([60, 0, 0], [60, 0, 0]));
    assert.ok(result.status === 'PASS');
    assert.equal(result.cells, 1);
    assert.equal(result.value, 0);
  });

  it('is UNKNOWN when more than a twentieth of its numbers are unusable, whatever they are', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      const result = fitRate(rateInput([bad, 400], [400, 400]));
      assert.equal(result.status, 'UNKNOWN');
      assert.equal(result.status === 'UNKNOWN' && result.reason, 'nonfinite');
    }
  });
});

describe('fit, error part (MATHS §B1)', () => {
  it('is 0 at the baseline and without attempts', () => {
    assert.equal(errorDrift({ attempts: 1000, failures: 1, baselineRatio: 0.001, z: 8 }), 0);
    assert.equal(errorDrift({ attempts: 0, failures: 0, baselineRatio: 0.001, z: 8 }), 0);
  });

  it('is 1 where the excess over baseline and chance is a hundredth', () => {
    const [attempts, q, z] = [10_000, 0.01, 8];
    const failures = attempts * (q + z * Math.sqrt((q * (1 - q)) / attempts) + 0.01);
    assert.ok(Math.abs(errorDrift({ attempts, failures, baselineRatio: q, z }) - 1) < 1e-12);
  });
});

describe('fit gate', () => {
  const cell = (name: string, count: number, meanLog: number) => ({
    name,
    count,
    meanLog,
    expectedMeanLog: Math.log(20),
    varianceLog: 0.09,
  });
  const payment: FitInput = {
    rate: null,
    latency: {
      cells: [cell('checkout/payment', 2667, Math.log(21)), cell('batch/payment', 1333, Math.log(21))],
      medianMs: 20.5,
    },
    errors: { ratio: 0, worst: '' },
    drift: { congestion: 1, evidence: 0, trimming: false },
    threshold: 0.25,
    attempts: 3992,
  };

  it('gives 0.193 in the worked example (CONTRACT §I)', () => {
    assert.equal(fitLatency(payment.latency.cells).toFixed(4), '0.0483');
    const verdict = fitGate(payment);
    assert.equal(verdict.status, 'PASS');
    assert.equal(verdict.ratio?.toFixed(3), '0.193');
  });

  it('does not know the latency of a service that answered nothing, and none at a load that is new to it', () => {
    assert.ok(Number.isNaN(fitLatency([])));
    assert.ok(Number.isNaN(fitLatency([cell('checkout/payment', 0, 3)])));
    const parts = (medianMs: number | null) => {
      const { status, reason } = fitGate({ ...payment, latency: { cells: [], medianMs } });
      return [status, reason];
    };
    assert.deepEqual(parts(null), ['UNKNOWN', 'warmup']);
    assert.deepEqual(parts(20), ['PASS', '']);
  });

  it('tightens with the geo level', () => {
    assert.equal(fitThreshold(0.25, null), 0.25);
    assert.equal(fitThreshold(0.25, 1), 0.125);
  });

  it('is UNKNOWN without traffic', () => {
    const verdict = fitGate({ ...payment, attempts: 0, latency: { cells: [], medianMs: null } });
    assert.deepEqual([verdict.status, verdict.reason], ['UNKNOWN', 'no-traffic']);
  });

  it('passes a service that became faster, and names the edge that became slower (decision 7)', () => {
    const faster = { cells: [cell('checkout/payment', 4000, Math.log(5))], medianMs: 5 };
    assert.deepEqual([fitGate({ ...payment, latency: faster }).status, fitLatency(faster.cells) > 1], ['PASS', true]);
    const both = { cells: [...faster.cells, cell('batch/payment', 4000, Math.log(40))], medianMs: 14 };
    const verdict = fitGate({ ...payment, latency: both });
    assert.deepEqual([verdict.status, verdict.worst], ['FAIL', 'batch/payment']);
  });

  it('with few answers fails what noise cannot explain, and does not know about the rest', () => {
    const few = (meanLog: number) => {
      const cells = [{ ...cell('checkout/payment', 40, meanLog), varianceLog: 1 }];
      const { status, reason } = fitGate({ ...payment, latency: { cells, medianMs: 20 } });
      return [status, reason];
    };
    // 8·√2·s²/n = 0.28: errors in ln(latency) of more than √(0.28 + 1/40).
    assert.deepEqual(few(Math.log(20) + 0.6), ['FAIL', '']);
    assert.deepEqual(few(Math.log(20) + 0.5), ['UNKNOWN', 'insufficient_mass']);
    assert.deepEqual(few(Math.log(20)), ['UNKNOWN', 'insufficient_mass']);
  });

  it('lets latency inform but not gate below 2 ms', () => {
    const slow = { cells: [cell('checkout/payment', 4000, Math.log(60))], medianMs: 1.5 };
    assert.equal(fitGate({ ...payment, latency: slow }).status, 'PASS');
    assert.equal(fitGate({ ...payment, latency: { ...slow, medianMs: 3 } }).status, 'FAIL');
  });

  it('fails at once, with a ratio of 2 or more, when the overload controller trims with full evidence', () => {
    const verdict = fitGate({ ...payment, drift: { congestion: 1.4, evidence: 1, trimming: true } });
    assert.equal(verdict.status, 'FAIL');
    assert.ok((verdict.ratio ?? 0) >= 2);
  });

  it('fails from congestion while the controller is open only above three times the empty queue (CONTROL B1b)', () => {
    const open = (congestion: number) =>
      fitGate({ ...payment, drift: { congestion, evidence: 0, trimming: false } }).status;
    assert.equal(open(3), 'PASS');
    assert.equal(open(3.1), 'FAIL');
  });
});
