/**
 * Cost of a kernel tick: one node's frame and the tick that follows, for meshes
 * of 10, 100 and 1000 services with ten callers each. The first ticks, in which
 * windows fill, are not measured.
 *
 * `--services 10,100,1000 --workloads 10 --warmup 130 --ticks 50`; the last line is JSON.
 */
import { parseArgs } from 'node:util';
import { createKernel } from '../core/kernel/kernel-state.ts';
import { step } from '../core/kernel/step.ts';
import { seededRandom } from '../demo/seeded-random.ts';
import { OfferedMesh, wideMesh } from './tick/offered-mesh.ts';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '10,100,1000' },
    workloads: { type: 'string', default: '10' },
    warmup: { type: 'string', default: '130' },
    ticks: { type: 'string', default: '50' },
  },
});

interface Cost {
  readonly p50Ms: number;
  readonly maxMs: number;
}

function measure(services: number): Cost {
  const config = wideMesh(services, Number(values.workloads));
  const mesh = new OfferedMesh(config, seededRandom(1));
  const kernel = createKernel();
  step(kernel, { kind: 'config', config });
  const costsMs: number[] = [];
  const warmup = Number(values.warmup);
  let leaseSeq = 0;
  for (let sec = 1; sec <= warmup + Number(values.ticks); sec++) {
    const frame = mesh.nextFrame(leaseSeq);
    const startMs = performance.now();
    step(kernel, { kind: 'frame', frame, nowMs: 1000 * sec });
    const { effects } = step(kernel, { kind: 'tick', nowMs: 1000 * sec, wallMs: 1000 * sec });
    if (sec > warmup) costsMs.push(performance.now() - startMs);
    for (const effect of effects) {
      if (effect.kind === 'publish-leases') leaseSeq = effect.leases[0]?.seq ?? leaseSeq;
    }
  }
  costsMs.sort((a, b) => a - b);
  return { p50Ms: costsMs[Math.floor(costsMs.length / 2)] ?? 0, maxMs: costsMs.at(-1) ?? 0 };
}

const round = (ms: number): number => Math.round(100 * ms) / 100;

const tickMs: Record<string, number> = {};
const tickMaxMs: Record<string, number> = {};
for (const services of values.services.split(',')) {
  const cost = measure(Number(services));
  tickMs[services] = round(cost.p50Ms);
  tickMaxMs[services] = round(cost.maxMs);
  console.log(`${services} services: median ${round(cost.p50Ms)} ms, longest ${round(cost.maxMs)} ms`);
}
const rssMiB = Math.round(process.memoryUsage().rss / 2 ** 20);
console.log(JSON.stringify({ bench: 'tick', void: false, rssMiB, tickMs, tickMaxMs }));
