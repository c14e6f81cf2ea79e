/**
 * False alarms: three quarters of the capacity, Poisson and even arrivals, on
 * real Envoy with Capmesh's full path. Nothing may be refused.
 *
 * `--runs 5 --seconds 60 --warmup 10 --load 0.75 --distribution fixed`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChildProgram, jsonField } from '../demo/child-program.ts';
import { programPath } from '../demo/program-path.ts';
import { sumOf } from '../demo/traffic/answer-counts.ts';
import { ARRIVALS } from '../demo/traffic/arrivals.ts';
import { runTraffic } from './overload/run-traffic.ts';
import { startCapmesh } from './overload/start-capmesh.ts';

const NOMINAL_RPS = 400;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '60' },
    warmup: { type: 'string', default: '10' },
    load: { type: 'string', default: '0.75' },
    distribution: { type: 'string', default: 'fixed' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'capmesh-calm-'));
const stops: (() => Promise<unknown>)[] = [];
const found = { offered: 0, refused: 0, errors: 0 };
try {
  const service = new ChildProgram({
    command: process.execPath,
    args: [
      programPath('demo/overload-service'),
      ...['--workers', '8', '--service-ms', '20', '--thrash', '0.02', '--distribution', values.distribution],
    ],
  });
  stops.push(() => service.stop());
  const capmesh = await startCapmesh(await service.first(jsonField<number>('port')), folder);
  stops.push(capmesh.stop);
  for (let run = 1; run <= Number(values.runs); run += 1) {
    for (const arrivals of ARRIVALS) {
      const totals = await runTraffic(capmesh.target, {
        rateRps: Number(values.load) * NOMINAL_RPS,
        warmupSeconds: Number(values.warmup),
        seconds: Number(values.seconds),
        arrivals,
        seed: run,
      });
      found.offered += totals.offered;
      found.refused += sumOf(totals.refused);
      found.errors += sumOf(totals.errors) + totals.overflow;
      const p99 = totals.p99Ms?.toFixed(0) ?? '-';
      console.log(`run ${run}  ${arrivals.padEnd(7)}  offered ${totals.offered}  ok ${totals.ok}  p99 ${p99} ms`);
    }
  }
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify({ calm: found }));
process.exitCode = found.offered > 0 && found.refused === 0 && found.errors === 0 ? 0 : 1;
