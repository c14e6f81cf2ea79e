/**
 * Fuzzes the code that judges calls, without sockets: tokens that nobody may
 * believe and requests that no Envoy writes. Exits with 1 where one is admitted,
 * something throws or memory grows.
 *
 * `--count 1000000 --seed 1`; the last line is JSON. Keys are new in every run.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../platform/clock.ts';
import { runFuzz } from './fuzz/run-fuzz.ts';

const MIB = 1024 * 1024;
/** Memory of the second half may exceed that of the first by this much, for the garbage collector's moods. */
const GROWTH_MAX_MIB = 32;

const { values } = parseArgs({
  options: { count: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const count = Number(values.count);
const peakMiB = { first: 0, second: 0 };
const startMs = systemClock.monotonicMs();
const result = runFuzz({
  count,
  seed: Number(values.seed),
  onProgress: (done) => {
    const half = done <= count / 2 ? 'first' : 'second';
    peakMiB[half] = Math.max(peakMiB[half], Math.round(process.memoryUsage.rss() / MIB));
    if (done % 100_000 === 0) console.log(`${done} cases, ${peakMiB[half]} MiB`);
  },
});
const seconds = Math.round((systemClock.monotonicMs() - startMs) / 1000);
const isFlat = peakMiB.second <= peakMiB.first + GROWTH_MAX_MIB;
console.log(JSON.stringify({ fuzz: { ...result, seconds, peakMiB, isFlat } }));
process.exitCode = result.admitted + result.crashes + result.malformed === 0 && isFlat ? 0 : 1;
