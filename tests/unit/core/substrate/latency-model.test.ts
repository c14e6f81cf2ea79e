import assert from 'node:assert/strict';
import { LatencyModel, risingCurve } from '../../../../core/substrate/latency-model.ts';
import { seededRandom } from '../../../support/random.ts';

/** Answers of a window of 10 s at a latency, all alike but for a spread of s² = 0.25. */
const answers = (latencyMs: number, count = 1000) => {
  const mean = Math.log(latencyMs);
  return { answers: count, logSum: count * mean, logSquares: count * (mean * mean + 0.25), durationSec: 10 };
};

function learnedAt(model: LatencyModel, loadRps: number, latencyMs: number, seconds = 40): void {
  for (let sec = 0; sec < seconds; sec++) model.learn(loadRps, answers(latencyMs), 1);
}

describe('latency model (MATHS §B1)', () => {
  it('knows a load after half a minute at it, and no other load', () => {
    const model = new LatencyModel();
    learnedAt(model, 100, 20, 29);
    assert.equal(model.expected(100), null);
    learnedAt(model, 100, 20, 1);
    assert.ok(Math.abs((model.expected(100) ?? 0) - Math.log(20)) < 1e-12);
    assert.equal(model.expected(200), null);
    assert.equal(model.expected(0), null);
  });

  it('knows a load at the border of two classes as soon as one in the middle of a class', () => {
    const model = new LatencyModel();
    for (let sec = 0; sec < 36; sec++) {
      const loadRps = sec % 2 === 0 ? 112 : 117;
      model.learn(loadRps, answers(loadRps / 5), 1);
    }
    for (const loadRps of [112, 114, 117]) {
      const latencyMs = Math.exp(model.expected(loadRps) ?? 0);
      assert.ok(Math.abs(latencyMs / (loadRps / 5) - 1) < 0.03, `${loadRps}: ${latencyMs}`);
    }
    assert.equal(model.expected(80), null);
    assert.equal(model.expected(150), null);
  });

  it('knows nothing beyond the lowest and the highest load, where the memory of other models begins', () => {
    const [, own] = [new LatencyModel(), new LatencyModel(), new LatencyModel()] as const;
    for (const loadRps of [0.095, 130_000]) {
      learnedAt(own, loadRps, 20, 20);
      assert.equal(own.expected(loadRps), null, `${loadRps}/s`);
    }
  });

  it('remembers what it learned at another load', () => {
    const model = new LatencyModel();
    learnedAt(model, 100, 20);
    learnedAt(model, 300, 30, 3600);
    assert.ok(Math.abs((model.expected(100) ?? 0) - Math.log(20)) < 1e-12);
  });

  it('forgets by half in 300 s at a load', () => {
    const model = new LatencyModel();
    learnedAt(model, 100, 10, 3000);
    learnedAt(model, 100, 40, 300);
    const middle = (Math.log(10) + Math.log(40)) / 2;
    assert.ok(Math.abs((model.expected(100) ?? 0) - middle) < 0.01);
  });

  it('lays a rising curve through six loads, and a little beyond', () => {
    const latencyMs = (load: number) => 10 + 0.02 * load + 0.0001 * load * load;
    const model = new LatencyModel();
    for (const load of [50, 90, 160, 280, 500]) learnedAt(model, load, latencyMs(load));
    assert.equal(model.expected(370), null);
    learnedAt(model, 900, latencyMs(900));
    for (const load of [65, 370, 700, 1100]) {
      assert.ok(Math.abs(Math.exp(model.expected(load) ?? 0) / latencyMs(load) - 1) < 1e-6, `${load}`);
    }
    assert.equal(model.expected(2000), null);
    model.clear();
    assert.equal(model.expected(500), null);
  });

  it('never expects latency to fall with load', () => {
    const points = [50, 90, 160, 280, 500, 900].map((loadRps) => ({
      loadRps,
      meanLog: Math.log(100 - 0.05 * loadRps),
    }));
    const curve = risingCurve(points);
    assert.ok(curve);
    assert.ok(curve.every((term) => term >= 0));
    assert.deepEqual(curve.slice(1), [0, 0]);
  });

  it('sees that windows of one queue stray further than independent answers would', () => {
    const dispersionAt = (spread: number): number => {
      const random = seededRandom(7);
      const model = new LatencyModel();
      for (let window = 0; window < 2000; window++) {
        // Standard error of a window's mean with independent answers: √(0.25 / 1000).
        const look = answers(20 * Math.exp(spread * Math.sqrt(0.25 / 1000) * random.normal()));
        for (let sec = 0; sec < 10; sec++) model.learn(100, look, 1);
      }
      return model.dispersion;
    };
    // Twice what was seen, for safety.
    assert.ok(Math.abs(dispersionAt(1) - 2) < 0.7, `${dispersionAt(1)}`);
    assert.ok(Math.abs(dispersionAt(3) - 18) < 6, `${dispersionAt(3)}`);
    assert.equal(dispersionAt(0), 1);
  });

  it('learns nothing from no answers or from numbers that are none', () => {
    const model = new LatencyModel();
    learnedAt(model, 100, 20);
    model.learn(100, { answers: 5, logSum: Number.NaN, logSquares: 1, durationSec: 10 }, 1);
    model.learn(Number.NaN, answers(50), 1);
    model.learn(100, { answers: 0, logSum: 0, logSquares: 0, durationSec: 10 }, 1);
    assert.ok(Math.abs((model.expected(100) ?? 0) - Math.log(20)) < 1e-12);
  });
});

describe('latency curves that nothing determines', () => {
  it('are none: no load, or no latency that is a number', () => {
    assert.equal(risingCurve([]), null);
    assert.equal(risingCurve([{ loadRps: 100, meanLog: Number.NaN }]), null);
  });

  it('of one load are flat', () => {
    const [c0, c1, c2] = risingCurve([{ loadRps: 100, meanLog: Math.log(20) }]) ?? assert.fail();
    assert.ok(Math.abs(c0 + 100 * c1 + 10_000 * c2 - 20) < 1e-9);
  });

  it('are not taken up from a checkpoint that saw nothing', () => {
    const model = LatencyModel.fromPlain([[-1, 5, 0, 1, 2, 3, 4]]);
    assert.equal(model.dispersion, new LatencyModel().dispersion);
    assert.deepEqual(model.toPlain(), new LatencyModel().toPlain());
  });
});
