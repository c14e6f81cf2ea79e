/**
 * From the first bad answer to its cure: services are overloaded one after the
 * other, each after a time of calm, on real Envoy with Capmesh's full path. For
 * every incident: bad answer → frame → gate fails → action → acknowledged →
 * answers within the promise again. The first and the last are seen by the
 * caller; all others are what Capmesh itself tells, in its events, its recording
 * and the status of its nodes.
 *
 * `--incidents 50 --services 5 --warmup 40 --overload 4 --period 7.6 --calm-rps 30 --overload-rps 500 --seed 1`
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../core/simulation/seeded-random.ts';
import { AdminApi } from '../demo/admin-api.ts';
import { CapacityToken } from '../demo/services/capacity-token.ts';
import { sumOf } from '../demo/traffic/answer-counts.ts';
import { systemClock } from '../platform/clock.ts';
import type { Incident } from './incidents/incident.ts';
import type { OverloadPlan } from './incidents/overload-plan.ts';
import { PARTS, type Parts, partsOf, type Quantiles, quantilesOf } from './incidents/parts.ts';
import { type Measured, measuredByTick } from './incidents/recorded-ticks.ts';
import { type IncidentRun, runIncidents } from './incidents/run-incidents.ts';
import { startMesh } from './incidents/start-mesh.ts';

const TOKEN_SECONDS = 3_600;
/** Gate ratio from which a failure is decided in one tick. */
const SHARP_RATIO = 2;
const WHOLE = 'bad answer → effect';

const { values } = parseArgs({
  options: {
    incidents: { type: 'string', default: '50' },
    services: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '40' },
    overload: { type: 'string', default: '4' },
    period: { type: 'string', default: '7.6' },
    'calm-rps': { type: 'string', default: '30' },
    'overload-rps': { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});

const plan: OverloadPlan = {
  incidents: Number(values.incidents),
  services: Array.from({ length: Number(values.services) }, (_, i) => `payment-${i + 1}`),
  warmupSeconds: Number(values.warmup),
  overloadSeconds: Number(values.overload),
  periodSeconds: Number(values.period),
  calmRps: Number(values['calm-rps']),
  overloadRps: Number(values['overload-rps']),
  random: seededRandom(Number(values.seed)),
};

const folder = mkdtempSync(join(tmpdir(), 'capmesh-incidents-'));
const stops: (() => Promise<unknown>)[] = [];
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<boolean> {
  const { mesh, recording } = await startMesh(plan.services, folder, stops);
  const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
  stops.push(async () => admin.close());
  const token = await CapacityToken.obtain({
    address: mesh.grpcAddress,
    workload: 'load',
    secret: readFileSync(mesh.secretFile('load'), 'utf8').trim(),
    lifetimeSeconds: TOKEN_SECONDS,
  });
  stops.push(async () => token.close());
  const run = await runIncidents(
    { meshPort: mesh.node(0).meshPort, admin, headers: token.headers, clock: systemClock },
    plan,
  );
  const metrics = await (await fetch(`${mesh.restUrl}/metrics`)).text();
  for (const name of ['capmesh_frame_age_seconds', 'capmesh_tick_duration_seconds', 'capmesh_xds_apply_seconds']) {
    console.log(`${name}: mean ${meanOf(metrics, name).toFixed(1)} ms`);
  }
  return report(run, measuredByTick(readFileSync(recording, 'utf8').split('\n')));
}

/** Mean of a histogram, ms. */
function meanOf(metrics: string, name: string): number {
  const value = (suffix: string): number => Number(new RegExp(`^${name}_${suffix} (.+)$`, 'm').exec(metrics)?.[1]);
  return (1000 * value('sum')) / value('count');
}

/** Prints every incident, the parts and the last line; false when an incident had no effect or an answer was unexpected. */
function report({ incidents, answers, unexpected }: IncidentRun, measured: ReadonlyMap<number, Measured>): boolean {
  const lengths = incidents.map((incident) => ({
    incident,
    parts: partsOf(incident, measured.get(incident.reaction?.failedMs ?? 0)),
  }));
  for (const { incident, parts } of lengths) console.log(line(incident, parts));
  const complete = lengths.flatMap(({ incident, parts }) => (parts === null ? [] : [{ incident, parts }]));
  const quantiles = Object.fromEntries(
    PARTS.map((part): [string, Quantiles] => [part, quantilesOf(complete.map(({ parts }) => parts[part]))]),
  );
  console.log(`\n${incidents.length} incidents, ${answers} answers`);
  for (const [part, { p50Ms, p99Ms }] of Object.entries(quantiles)) {
    console.log(`${part.padEnd(24)} p50 ${String(p50Ms).padStart(5)} ms  p99 ${String(p99Ms).padStart(5)} ms`);
  }
  const wholeOf = (isSharp: boolean): number[] =>
    complete
      .filter(({ incident }) => (incident.reaction?.ratio ?? 0) >= SHARP_RATIO === isSharp)
      .map(({ parts }) => parts[WHOLE]);
  const summary = (wholesMs: readonly number[]) => ({ count: wholesMs.length, ...quantilesOf(wholesMs) });
  const noEffect = incidents.length - complete.length;
  const isValid = incidents.length > 0 && noEffect === 0 && sumOf(unexpected) === 0;
  console.log(
    JSON.stringify({
      incidents: {
        void: !isValid,
        count: incidents.length,
        noEffect,
        unexpected,
        parts: quantiles,
        atOnce: summary(wholeOf(true)),
        confirmed: summary(wholeOf(false)),
      },
    }),
  );
  return isValid;
}

function line({ service, reaction, firstBadMs }: Incident, parts: Parts | null): string {
  if (parts !== null) {
    const lengths = PARTS.map((part) => `${part} ${Math.round(parts[part])}`).join('  ');
    return `${service}  u ${reaction?.ratio.toFixed(1)}  ${lengths}`;
  }
  const seen = firstBadMs === null ? 'no bad answer' : reaction === null ? 'no reaction' : 'no effect';
  return `${service}  ${seen}`;
}
