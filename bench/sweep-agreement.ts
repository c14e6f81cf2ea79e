/**
 * Whether the stable region that `capmesh sweep mesh` draws is that of the real
 * mesh: the demo's budgets are swept, six seeded points are drawn, three on each
 * side of the boundary and a whole cell away from it, and at each the demo's
 * services run behind real Envoys with that budget under the same load.
 *
 * `--seed 1 --cells-off 1 --out <folder> --points 6`. With `--out` it goes on where
 * an earlier run ended; `--points` ends it after so many real runs (about two minutes each).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatNumber } from '../cli/output/format-number.ts';
import { table } from '../cli/output/table.ts';
import { type MeshSweep, readSweep } from '../cli/sweep/read-sweep.ts';
import { GATES } from '../core/gates/gate-state.ts';
import { seededRandom } from '../core/simulation/seeded-random.ts';
import { judgeLooks } from '../core/sweep/judge-looks.ts';
import { failingLetters, type PointResult } from '../core/sweep/point-result.ts';
import { type SweptPoint, sweepPlanes } from '../core/sweep/sweep-plane.ts';
import { sweptMesh } from '../core/sweep/swept-mesh.ts';
import { programPath } from '../demo/program-path.ts';
import { packageRoot } from '../platform/package-root.ts';
import { choosePoints } from './sweep/choose-points.ts';
import { runRealMesh } from './sweep/run-real-mesh.ts';

const EACH_SIDE = 3;
const SWEEP = {
  file: 'demo/sweep/mesh.yaml',
  loadFile: 'demo/sweep/load.yaml',
  edge: ['web/storefront'],
  axis: ['int=0.1:1:0.1', 'ptr=0.1:1:0.1'],
};

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    'cells-off': { type: 'string', default: '1' },
    out: { type: 'string' },
    points: { type: 'string', default: '6' },
  },
});

type GateResults = Pick<PointResult, 'gates' | 'stable'>;

const folder = values.out === undefined ? mkdtempSync(join(tmpdir(), 'capmesh-agreement-')) : resolve(values.out);
mkdirSync(folder, { recursive: true });
const sweep = readSweep({ cwd: packageRoot() }, SWEEP);
const [plane] = sweepPlanes(sweep.axes, sweep.mode, sweptPoints());
if (plane === undefined) throw new Error('the sweep has no plane');
const chosen = choosePoints(plane, Number(values['cells-off']), EACH_SIDE, seededRandom(Number(values.seed)));
await measureMissing(chosen, sweep);
report(chosen);
if (values.out === undefined) rmSync(folder, { recursive: true });

/** The sweep by the command that the guide tells of. */
function sweptPoints(): SweptPoint[] {
  const options = [
    ...SWEEP.axis.flatMap((axis) => ['--axis', axis]),
    ...SWEEP.edge.flatMap((edge) => ['--edge', edge]),
  ];
  const run = spawnSync(
    process.execPath,
    [
      programPath('cli/main'),
      ...['sweep', 'mesh', '-f', SWEEP.file, '--load-file', SWEEP.loadFile, ...options],
      ...['--out', join(folder, 'sweep'), '--json'],
    ],
    { cwd: packageRoot(), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (run.status !== 0) throw new Error(`the sweep ended with ${run.status}`);
  return (JSON.parse(run.stdout) as { points: SweptPoint[] }).points;
}

async function measureMissing(points: readonly SweptPoint[], { task }: MeshSweep): Promise<void> {
  const missing = points.filter((point) => realResult(point) === null);
  for (const point of missing.slice(0, Number(values.points))) {
    const looks = await runRealMesh(sweptMesh(task.config, task.edges, point), task.scenario, task.settings);
    writeFileSync(realFile(point), JSON.stringify(judgeLooks(looks)));
  }
}

function realFile({ index }: SweptPoint): string {
  return join(folder, `real-${index}.json`);
}

/** `null` = not run yet. */
function realResult(point: SweptPoint): GateResults | null {
  const file = realFile(point);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GateResults) : null;
}

function report(points: readonly SweptPoint[]): void {
  const rows = points.map((point) => ({
    budget: point.values,
    simulated: { gates: point.result.gates, stable: point.result.stable },
    real: realResult(point),
  }));
  const lines = table(rows, [
    { title: 'INT', value: ({ budget }) => formatNumber(budget.int) },
    { title: 'PTR', value: ({ budget }) => formatNumber(budget.ptr) },
    { title: 'SIMULATED', value: ({ simulated }) => words(simulated) },
    { title: 'REAL', value: ({ real }) => (real === null ? 'not run' : words(real)) },
    {
      title: 'AGREED',
      value: ({ simulated, real }) => (real === null ? '–' : real.stable === simulated.stable ? 'yes' : 'no'),
    },
  ]);
  for (const line of lines) console.log(line);
  const agreed = rows.filter(({ simulated, real }) => real?.stable === simulated.stable).length;
  const seed = Number(values.seed);
  console.log(JSON.stringify({ sweepAgreement: { agreed: `${agreed}/${rows.length}`, seed, rows } }));
  process.exitCode = agreed === rows.length ? 0 : 1;
}

function words({ gates, stable }: GateResults): string {
  const ratios = GATES.map((gate) => `${gate} ${formatNumber(gates[gate].u)}`).join(' ');
  return `${stable ? 'stable' : `not stable ${failingLetters({ gates })}`} (u: ${ratios})`;
}
