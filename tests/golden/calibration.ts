import { fitRate } from '../../core/gates/fit-rate.ts';
import { isolationThreshold } from '../../core/gates/isolation.ts';
import { isolationPairs, poolChanges } from '../../core/gates/isolation-pairs.ts';
import { correlationMatrix } from '../../core/gates/partial-correlation.ts';
import { compareHistograms, sampleCap } from '../../core/gates/view-disagreement.ts';
import { type Random, seededRandom } from '../support/random.ts';

/** CALIBRATION_SEED repeats a run. */
export const CALIBRATION_SEED = Number(process.env.CALIBRATION_SEED ?? 20_260_101);

/** Standard errors of the difference between two measured shares; 21 shares by 4 fail once in 750 seeds. */
const SIGMAS = 4;

const ISOLATION_TICKS = 120;
const LATENCY_NOISE = 0.7;

/** A share of trials in which a gate raised the alarm. */
interface Figure {
  /** As many as the reference made: its shares are whole multiples of 1/trials. */
  readonly trials: number;
  readonly alarm: (random: Random) => boolean;
}

const repeat = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Monte-Carlo figures of the gates (MATHS §B1, §B2, §B4) by the names that the reference gives them. */
export const CALIBRATION: ReadonlyMap<string, Figure> = new Map([
  ...ofTrials(2000, fitFigures()),
  ...ofTrials(2000, gluingFigures()),
  ...ofTrials(400, isolationFigures()),
]);

/**
 * What is wrong with a share, `null` if it is reproduced: both are binomial with
 * as many trials, so that their difference has the standard error √(2p(1−p)/n).
 */
export function calibrationError(name: string, wanted: number): string | null {
  const figure = CALIBRATION.get(name);
  if (figure === undefined) return 'no such figure';
  const { trials, alarm } = figure;
  if (Math.abs(wanted * trials - Math.round(wanted * trials)) > 1e-6)
    return `${wanted} is no share of ${trials} trials`;
  const random = seededRandom(CALIBRATION_SEED);
  let alarms = 0;
  for (let trial = 0; trial < trials; trial++) if (alarm(random)) alarms++;
  const got = alarms / trials;
  const pooled = Math.min(1 - 1 / trials, Math.max(1 / trials, (got + wanted) / 2));
  const allowed = SIGMAS * Math.sqrt((2 * pooled * (1 - pooled)) / trials);
  return Math.abs(got - wanted) <= allowed ? null : `${got}, not ${wanted} ± ${allowed} (seed ${CALIBRATION_SEED})`;
}

type Alarms = Readonly<Record<string, Figure['alarm']>>;

function ofTrials(trials: number, alarms: Alarms): [string, Figure][] {
  return Object.entries(alarms).map(([name, alarm]) => [name, { trials, alarm }]);
}

/** Fit with the reference's z = 2.33. */
function fitFigures(): Alarms {
  const even = (edges: number, mean: number) => repeat(edges, () => mean);
  const skewed = repeat(100, (i) => 1 / (i + 1));
  const skewedTotal = skewed.reduce((sum, weight) => sum + weight, 0);
  const skewedMeans = skewed.map((weight) => (2000 * weight) / skewedTotal);
  const mesh = [60, 600, 500, ...even(10, 115.8)];
  const rate = (random: Random, expected: readonly number[], actual: readonly number[], z: number) =>
    fitRate({
      observed: actual.map((mean) => random.poisson(mean)),
      expected,
      modelVariance: expected.map(() => 0),
      dispersion: 1,
      threshold: 0.25,
      z,
    });
  const fails =
    (expected: readonly number[], actual = expected) =>
    (random: Random): boolean =>
      rate(random, expected, actual, 2.33).status === 'FAIL';
  return {
    'fit_rate false-FAIL, 1 edge mean 53': fails([53]),
    'fit_rate false-FAIL, 1 edge mean 100': fails([100]),
    'fit_rate false-FAIL, 1 edge mean 1000': fails([1000]),
    'fit_rate false-FAIL, 10 edges mean 17 (just above min mass)': fails(even(10, 17)),
    'fit_rate false-FAIL, 100 skewed edges total 2000': fails(skewedMeans),
    'undebiased Frobenius > .25 false-FAIL, 10 edges mean 10': (random) => {
      const result = rate(random, even(10, 10), even(10, 10), 0);
      return result.status !== 'UNKNOWN' && result.frobenius > 0.25;
    },
    'fit_rate detects +40% on all of 10 edges mean 100': fails(even(10, 100), even(10, 140)),
    'fit_rate detects 60 rps edge tripling inside a 2318 rps mesh (Frobenius rel = .14 misses it)': fails(mesh, [
      180,
      ...mesh.slice(1),
    ]),
  };
}

function gluingFigures(): Alarms {
  const usual = [5, 40, 160, 300, 250, 140, 70, 25, 8, 2];
  const slow = [5, 40, 160, 300, 250, 168, 105, 50, 24, 8];
  const scale = { k: 2, samplesMax: sampleCap(null) };
  const differ =
    (answers: number, other: readonly number[]) =>
    (random: Random): boolean =>
      compareHistograms(random.multinomial(answers, usual), random.multinomial(answers, other), scale).ratio > 1;
  return {
    'gluing k=2 false-FAIL, two multinomial views N=50': differ(50, usual),
    'gluing k=2 false-FAIL, two multinomial views N=200': differ(200, usual),
    'gluing k=2 false-FAIL, two multinomial views N=1000': differ(1000, usual),
    'gluing k=2 false-FAIL, continuous data N=500 (theory 2e^-4=0.0366)': (random) => {
      const first = continuousView(500, random);
      const second = first.map((count) => 1 - count);
      return compareHistograms(first, second, scale).ratio > 1;
    },
    'gluing detects slow replica, N=200': differ(200, slow),
    'gluing detects slow replica, N=1000': differ(1000, slow),
  };
}

/**
 * Two views of continuous data have no two equal answers: a bucket for each, and
 * which of the views saw it is as good as drawn. Those of the first view are 1.
 */
function continuousView(answers: number, random: Random): number[] {
  let open = answers;
  return repeat(2 * answers, (i) => {
    const isFirst = random.uniform() * (2 * answers - i) < open;
    if (isFirst) open--;
    return isFirst ? 1 : 0;
  });
}

function isolationFigures(): Alarms {
  const threshold = isolationThreshold(0.15, null, null);
  const alarm =
    (coupling: number, memory: number) =>
    (random: Random): boolean => {
      const { meanLog, loads } = tenants(coupling, memory, random);
      const ticks = repeat(ISOLATION_TICKS - 1, (t) => t + 1);
      const result = isolationPairs(meanLog, 'own', poolChanges(loads, ticks));
      return result.status === 'JUDGED' && result.pairs.some(({ value }) => value > threshold);
    };
  return {
    'isolation false-FAIL (beta=0, AR 0.0, N=120)': alarm(0, 0),
    'isolation false-FAIL (beta=0, AR 0.8, N=120)': alarm(0, 0.8),
    'isolation detects beta=0.3, N=120': alarm(0.3, 0),
    'isolation detects beta=0.5, N=120': alarm(0.5, 0),
    'isolation detects beta=0.8, N=120': alarm(0.8, 0),
    'isolation detects beta=1.2, N=120': alarm(1.2, 0),
    // What the gate is better than: the plain correlation with any neighbour's load, which follows the time of day.
    'naive corr(y,x)^2>.15 false-FAIL with shared diurnal drive, AR .8': (random) => {
      const { meanLog, loads } = tenants(0, 0.8, random);
      return loads.some(({ name, load }) => name !== 'own' && correlationMatrix([meanLog, load]).get(0, 1) ** 2 > 0.15);
    },
  };
}

/** A victim and two neighbours; the first one moves the victim by `coupling`, and the time of day moves all. */
function tenants(coupling: number, memory: number, random: Random) {
  const day = repeat(ISOLATION_TICKS, (t) => 3 * Math.sin(0.02 * t));
  const [own, noisy, calm] = [0, 1, 2].map(() => autoregressive(memory, random));
  const withDay = (values: readonly number[] = []) => values.map((value, t) => value + (day[t] ?? 0));
  const meanLog = repeat(ISOLATION_TICKS, (t) => {
    const moved = 0.5 * (own?.[t] ?? 0) + coupling * (noisy?.[t] ?? 0) + 0.3 * (day[t] ?? 0);
    return 2 + moved + LATENCY_NOISE * random.normal();
  });
  const loads = Object.entries({ own, noisy, calm }).map(([name, values]) => ({ name, load: withDay(values) }));
  return { meanLog, loads };
}

/** Starts at 0 and remembers its last value by the given share. */
function autoregressive(memory: number, random: Random): number[] {
  const values = [0];
  while (values.length < ISOLATION_TICKS) values.push(memory * (values.at(-1) ?? 0) + random.normal());
  return values;
}
