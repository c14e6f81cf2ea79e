/**
 * A noisy neighbour: a tenant within its rate whose calls become ten times
 * heavier, steadily or 3 s on and 3 s off, at a service that another tenant calls
 * too; with the isolation gate acting and, beside it, only watching (shadow).
 * On real Envoy with Capmesh's full path.
 *
 * `--cases steady,on-off --modes acting,shadow --noise 45 --seed 1`
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AdminApi } from '../demo/admin-api.ts';
import { ChildProgram, jsonField } from '../demo/child-program.ts';
import { EmbeddedMesh } from '../demo/embedded-mesh.ts';
import { programPath } from '../demo/program-path.ts';
import { followIsolation } from './neighbour/follow-isolation.ts';
import { type NeighbourRun, toRun } from './neighbour/neighbour-run.ts';
import { startCaller } from './neighbour/start-caller.ts';

/** 500 ordinary calls a second. */
const SERVICE = ['--workers', '4', '--service-ms', '8'];
/** Wide enough in flight that no breaker keeps the tenants apart. */
const CAPACITY = { rps: 500, concurrency: 128 };
const VICTIM_RPS = 81;
const NOISY_RPS = 33;
const HEAVY = 10;
const HALF_PERIOD_SEC = 3;
const LEARN_SEC = 25;
const BEFORE_SEC = 20;
/** From the start of the noise on the victim may suffer for so long (DESIGN §9). */
const GRACE_SEC = 30;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: 'steady,on-off' },
    modes: { type: 'string', default: 'acting,shadow' },
    noise: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const noiseSec = Number(values.noise);

const runs: NeighbourRun[] = [];
for (const pattern of values.cases.split(',')) {
  for (const mode of values.modes.split(',')) {
    const run = await measure(pattern === 'on-off', mode === 'shadow');
    runs.push(run);
    console.log(`${pattern.padEnd(7)} ${mode.padEnd(7)} ${JSON.stringify(run)}`);
  }
}
const isVoid = runs.some(({ unexpected }) => unexpected > 0);
console.log(JSON.stringify({ neighbour: { void: isVoid, seed: Number(values.seed), runs } }));
process.exitCode = isVoid || runs.some(({ held }) => !held) ? 1 : 0;

async function measure(onOff: boolean, shadow: boolean): Promise<NeighbourRun> {
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-neighbour-'));
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const service = new ChildProgram({
      command: process.execPath,
      args: [programPath('demo/overload-service'), ...SERVICE],
    });
    stops.push(() => service.stop());
    const port = await service.first(jsonField<number>('port'));
    const meshFile = join(folder, 'mesh.yaml');
    writeFileSync(meshFile, JSON.stringify(meshOf(port, shadow)));
    const mesh = await EmbeddedMesh.start({ meshFile, stateDir: join(folder, 'state') });
    stops.push(() => mesh.stop());
    const admin = new AdminApi(mesh.grpcAddress, mesh.adminToken());
    stops.push(async () => admin.close());
    const isolation = followIsolation(admin);
    stops.push(async () => isolation.stop());
    const calm = `learn:${LEARN_SEC}:RATE,before:${BEFORE_SEC}:RATE`;
    const victim = startCaller(
      mesh,
      'victim',
      `${calm},grace:${GRACE_SEC}:RATE,after:${noiseSec - GRACE_SEC}:RATE`,
      VICTIM_RPS,
      Number(values.seed),
    );
    const noisy = startCaller(mesh, 'noisy', `${calm},${noise(onOff)}`, NOISY_RPS, Number(values.seed) + 1);
    stops.push(
      () => victim.stop(),
      () => noisy.stop(),
    );
    await victim.started;
    const noiseStartMs = performance.now() + 1000 * (LEARN_SEC + BEFORE_SEC);
    const [seen, caused] = await Promise.all([victim.phases, noisy.phases]);
    return toRun({
      pattern: onOff ? 'on-off' : 'steady',
      shadow,
      victim: seen,
      noisy: caused,
      isolation: isolation.seen,
      noiseStartMs,
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function meshOf(port: number, shadow: boolean): object {
  return {
    mesh: 'bench',
    services: { payment: { endpoints: [`127.0.0.1:${port}`], capacity: CAPACITY } },
    workloads: { victim: { tenant: 'victim' }, noisy: { tenant: 'noisy' } },
    budgets: { victim: { payment: { int: 0.6, ptr: 0.5 } }, noisy: { payment: { int: 0.2, ptr: 0.5 } } },
    ...(shadow ? { policy: { shadow: ['isolation'] } } : {}),
  };
}

/** Heavy calls without pause, or in turns with ordinary ones. */
function noise(onOff: boolean): string {
  if (!onOff) return `noise:${noiseSec}:RATE:${HEAVY}`;
  const period = `on:${HALF_PERIOD_SEC}:RATE:${HEAVY},off:${HALF_PERIOD_SEC}:RATE`;
  return Array.from({ length: noiseSec / (2 * HALF_PERIOD_SEC) }, () => period).join(',');
}
