import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fitRate } from '../../core/gates/fit-rate.ts';
import { isolationThreshold } from '../../core/gates/isolation.ts';
import { isolationPairs, poolChanges } from '../../core/gates/isolation-pairs.ts';
import { compareHistograms, sampleCap } from '../../core/gates/view-disagreement.ts';
import { seededRandom } from '../support/random.ts';

/** CALIBRATION_SEED repeats a run. */
const seed = Number(process.env.CALIBRATION_SEED ?? 20_260_101);
const random = seededRandom(seed);

const FIT_TRIALS = 2000;
const GLUING_TRIALS = 2000;
const ISOLATION_TRIALS = 400;
/** Standard errors of the difference between two measured shares; 20 shares by 4 fail once in 800 seeds. */
const SIGMAS = 4;

const reference: Readonly<Record<string, number>> = JSON.parse(
  readFileSync('tests/golden/mesh/calibration.json', 'utf8'),
);

/** Our share against the reference's, which was measured with as many trials. */
function reproduces(name: string, trials: number, alarm: () => boolean): void {
  it(`${name}`, () => {
    const wanted = reference[name];
    assert.ok(wanted !== undefined, `no such figure: ${name}`);
    let alarms = 0;
    for (let trial = 0; trial < trials; trial++) if (alarm()) alarms++;
    const got = alarms / trials;
    const pooled = Math.min(1 - 1 / trials, Math.max(1 / trials, (got + wanted) / 2));
    const error = Math.sqrt((2 * pooled * (1 - pooled)) / trials);
    assert.ok(Math.abs(got - wanted) <= SIGMAS * error, `${got}, not ${wanted} ± ${SIGMAS * error} (seed ${seed})`);
  });
}

const repeat = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Fit with the reference's z = 2.33. */
function rates(expected: readonly number[], actual: readonly number[] = expected) {
  const observed = actual.map((mean) => random.poisson(mean));
  const modelVariance = expected.map(() => 0);
  return fitRate({ observed, expected, modelVariance, dispersion: 1, threshold: 0.25, z: 2.33 });
}

const fails = (expected: readonly number[], actual?: readonly number[]) => rates(expected, actual).status === 'FAIL';

describe(`calibration of the fit gate (MATHS §B1, seed ${seed})`, () => {
  const even = (edges: number, mean: number) => repeat(edges, () => mean);
  const skewed = repeat(100, (i) => 1 / (i + 1));
  const skewedTotal = skewed.reduce((sum, weight) => sum + weight, 0);
  const skewedMeans = skewed.map((weight) => (2000 * weight) / skewedTotal);
  const mesh = [60, 600, 500, ...even(10, 115.8)];

  reproduces('fit_rate false-FAIL, 1 edge mean 53', FIT_TRIALS, () => fails([53]));
  reproduces('fit_rate false-FAIL, 1 edge mean 100', FIT_TRIALS, () => fails([100]));
  reproduces('fit_rate false-FAIL, 1 edge mean 1000', FIT_TRIALS, () => fails([1000]));
  reproduces('fit_rate false-FAIL, 10 edges mean 17 (just above min mass)', FIT_TRIALS, () => fails(even(10, 17)));
  reproduces('fit_rate false-FAIL, 100 skewed edges total 2000', FIT_TRIALS, () => fails(skewedMeans));
  reproduces('undebiased Frobenius > .25 false-FAIL, 10 edges mean 10', FIT_TRIALS, () => {
    const expected = even(10, 10);
    const observed = expected.map((mean) => random.poisson(mean));
    const result = fitRate({ observed, expected, modelVariance: even(10, 0), dispersion: 1, threshold: 0.25, z: 0 });
    return result.status !== 'UNKNOWN' && result.frobenius > 0.25;
  });
  reproduces('fit_rate detects +40% on all of 10 edges mean 100', FIT_TRIALS, () =>
    fails(even(10, 100), even(10, 140)),
  );
  reproduces(
    'fit_rate detects 60 rps edge tripling inside a 2318 rps mesh (Frobenius rel = .14 misses it)',
    FIT_TRIALS,
    () => fails(mesh, [180, ...mesh.slice(1)]),
  );
});

describe(`calibration of the gluing gate (MATHS §B2, seed ${seed})`, () => {
  const usual = [5, 40, 160, 300, 250, 140, 70, 25, 8, 2];
  const slow = [5, 40, 160, 300, 250, 168, 105, 50, 24, 8];
  const scale = { k: 2, samplesMax: sampleCap(null) };
  const differ = (answers: number, other: readonly number[]) =>
    compareHistograms(random.multinomial(answers, usual), random.multinomial(answers, other), scale).ratio > 1;

  for (const answers of [50, 200, 1000]) {
    reproduces(`gluing k=2 false-FAIL, two multinomial views N=${answers}`, GLUING_TRIALS, () =>
      differ(answers, usual),
    );
  }
  reproduces('gluing k=2 false-FAIL, continuous data N=500 (theory 2e^-4=0.0366)', GLUING_TRIALS, () => {
    const draws = repeat(1000, (i) => ({ value: random.uniform(), first: i < 500 })).sort((a, b) => a.value - b.value);
    const histogram = (first: boolean) => draws.map((draw) => (draw.first === first ? 1 : 0));
    return compareHistograms(histogram(true), histogram(false), scale).ratio > 1;
  });
  reproduces('gluing detects slow replica, N=200', GLUING_TRIALS, () => differ(200, slow));
  reproduces('gluing detects slow replica, N=1000', GLUING_TRIALS, () => differ(1000, slow));
});

describe(`calibration of the isolation gate (MATHS §B4, seed ${seed})`, () => {
  const TICKS = 120;
  const LATENCY_NOISE = 0.7;

  /** Starts at 0 and remembers its last value by the given share. */
  function autoregressive(memory: number): number[] {
    const values = [0];
    while (values.length < TICKS) values.push(memory * (values.at(-1) ?? 0) + random.normal());
    return values;
  }

  /** Two neighbours; the first one moves the victim by `coupling`, and the time of day moves all. */
  function mesh(coupling: number, memory: number) {
    const day = repeat(TICKS, (t) => 3 * Math.sin(0.02 * t));
    const [own, noisy, calm] = [autoregressive(memory), autoregressive(memory), autoregressive(memory)];
    const withDay = (values: number[]) => values.map((value, t) => value + (day[t] ?? 0));
    const meanLog = repeat(TICKS, (t) => {
      const moved = 0.5 * (own[t] ?? 0) + coupling * (noisy[t] ?? 0) + 0.3 * (day[t] ?? 0);
      return 2 + moved + LATENCY_NOISE * random.normal();
    });
    const loads = Object.entries({ own, noisy, calm }).map(([name, values]) => ({ name, load: withDay(values) }));
    return { meanLog, loads };
  }

  const threshold = isolationThreshold(0.15, null, null);
  const alarm = (coupling: number, memory: number) => {
    const { meanLog, loads } = mesh(coupling, memory);
    const ticks = repeat(TICKS - 1, (t) => t + 1);
    const result = isolationPairs(meanLog, 'own', poolChanges(loads, ticks));
    return result.status === 'JUDGED' && result.pairs.some(({ value }) => value > threshold);
  };

  for (const memory of ['0.0', '0.8']) {
    const name = `isolation false-FAIL (beta=0, AR ${memory}, N=120)`;
    reproduces(name, ISOLATION_TRIALS, () => alarm(0, Number(memory)));
  }
  for (const coupling of [0.3, 0.5, 0.8, 1.2]) {
    reproduces(`isolation detects beta=${coupling}, N=120`, ISOLATION_TRIALS, () => alarm(coupling, 0));
  }
});
