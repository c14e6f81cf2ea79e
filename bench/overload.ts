/**
 * Goodput under overload: Capmesh without any hand-set limit beside nothing,
 * hand-tuned breakers and Envoy's adaptive_concurrency, interleaved in one run
 * in front of the same service. Void when answers are not the expected ones.
 *
 * `--runs 3 --seconds 12 --warmup 5 --loads 0.75,1,2,4 --only capmesh,none --distribution fixed --seed 1`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChildProgram, jsonField } from '../demo/child-program.ts';
import { programPath } from '../demo/program-path.ts';
import { type Cell, type Row, toCell, toRows } from './overload/cell.ts';
import { PEERS } from './overload/peers.ts';
import { runTraffic, type Target } from './overload/run-traffic.ts';
import { startCapmesh } from './overload/start-capmesh.ts';
import { startPeers } from './overload/start-peers.ts';

const WORKERS = 8;
const SERVICE_MS = 20;
const THRASH = 0.02;
/** All workers busy and nothing waiting: the most the service can do. */
const CAPACITY_RPS = ((WORKERS / SERVICE_MS) * 1000) / (1 + THRASH);
/** Loads are multiples of what the service would do without slowing down. */
const NOMINAL_RPS = (WORKERS / SERVICE_MS) * 1000;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '12' },
    warmup: { type: 'string', default: '5' },
    loads: { type: 'string', default: '0.75,1,2,4' },
    only: { type: 'string', default: ['capmesh', ...PEERS].join(',') },
    arrivals: { type: 'string', default: 'poisson' },
    distribution: { type: 'string', default: 'fixed' },
    seed: { type: 'string', default: '1' },
  },
});
const chosen = values.only.split(',');
const unknown = chosen.filter((peer) => peer !== 'capmesh' && !PEERS.includes(peer));
if (unknown.length > 0) throw new Error(`--only: unknown ${unknown.join(', ')}; known: capmesh, ${PEERS.join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'capmesh-overload-'));
const stops: (() => Promise<unknown>)[] = [];
let cells: Cell[] = [];
try {
  const targets = await startTargets();
  cells = await measure(targets);
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = report(toRows(cells, CAPACITY_RPS)) ? 0 : 1;

async function startTargets(): Promise<Map<string, Target>> {
  const service = new ChildProgram({
    command: process.execPath,
    args: [
      programPath('demo/overload-service'),
      ...['--workers', `${WORKERS}`, '--service-ms', `${SERVICE_MS}`, '--thrash', `${THRASH}`],
      ...['--distribution', values.distribution, '--seed', values.seed],
    ],
  });
  stops.push(() => service.stop());
  const servicePort = await service.first(jsonField<number>('port'));
  const targets = new Map<string, Target>();
  if (chosen.includes('capmesh')) {
    const capmesh = await startCapmesh(servicePort, folder);
    stops.push(capmesh.stop);
    targets.set('capmesh', capmesh.target);
  }
  if (chosen.some((peer) => peer !== 'capmesh')) {
    const peers = await startPeers(servicePort, folder);
    stops.push(peers.stop);
    for (const [name, port] of peers.ports) {
      if (chosen.includes(name)) targets.set(name, { port, authority: 'payment' });
    }
  }
  return targets;
}

async function measure(targets: ReadonlyMap<string, Target>): Promise<Cell[]> {
  const measured: Cell[] = [];
  const seconds = Number(values.seconds);
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const load of values.loads.split(',').map(Number)) {
      for (const [peer, target] of targets) {
        const totals = await runTraffic(target, {
          rateRps: load * NOMINAL_RPS,
          warmupSeconds: Number(values.warmup),
          seconds,
          arrivals: values.arrivals === 'even' ? 'even' : 'poisson',
          seed: Number(values.seed) + run,
        });
        const cell = toCell(peer, load, seconds, totals);
        measured.push(cell);
        console.log(`run ${run + 1}  ${line(cell)}  ${JSON.stringify({ ...totals.refused, ...totals.errors })}`);
      }
    }
  }
  return measured;
}

function line(cell: Pick<Cell, 'peer' | 'load' | 'goodputRps' | 'refusedRatio' | 'p99Ms'>): string {
  const p99 = cell.p99Ms === null ? '-' : cell.p99Ms.toFixed(0);
  const refused = (100 * cell.refusedRatio).toFixed(2);
  return `${cell.load} × ${cell.peer.padEnd(11)} goodput ${cell.goodputRps.toFixed(1).padStart(6)}/s  not served ${refused.padStart(6)} %  p99 ${p99.padStart(5)} ms`;
}

/** Prints the table and the last line; false when the comparison is void. */
function report(rows: readonly Row[]): boolean {
  const unexpected = rows.reduce((sum, row) => sum + row.unexpected, 0);
  const valid = rows.length > 0 && unexpected === 0;
  console.log(`\nmedians of ${values.runs} runs; capacity ${CAPACITY_RPS.toFixed(0)}/s`);
  for (const row of rows) console.log(`${line(row)}  ${(100 * row.share).toFixed(1)} % of what could be had`);
  console.log(
    JSON.stringify({ overload: { void: !valid, unexpected, capacityRps: CAPACITY_RPS, rows, ratios: ratios(rows) } }),
  );
  return valid;
}

/** Goodput of Capmesh over each peer's at the same load, and over the best hand-tuned breaker's. */
function ratios(rows: readonly Row[]): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {};
  for (const own of rows.filter((row) => row.peer === 'capmesh')) {
    const peers = rows.filter((row) => row.load === own.load && row.peer !== 'capmesh');
    const ofLoad = Object.fromEntries(peers.map((peer) => [peer.peer, own.goodputRps / peer.goodputRps]));
    const tuned = peers.filter((peer) => peer.peer.startsWith('breaker-')).map((peer) => peer.goodputRps);
    if (tuned.length > 0) ofLoad['best-breaker'] = own.goodputRps / Math.max(...tuned);
    found[own.load] = ofLoad;
  }
  return found;
}
