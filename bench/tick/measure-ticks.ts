import { createKernel } from '../../core/kernel/kernel-state.ts';
import { step } from '../../core/kernel/step.ts';
import { median } from '../../core/numeric/statistics.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import { OfferedMesh, wideMesh } from './offered-mesh.ts';

export interface TickPlan {
  readonly services: number;
  /** Callers of each service. */
  readonly workloads: number;
  /** Ticks that are not measured: windows fill, code is compiled. */
  readonly warmup: number;
  readonly ticks: number;
}

export interface TickCost {
  readonly p50Ms: number;
  /** Median of the processor time, collecting garbage included; where other work takes the processor away this says more. */
  readonly cpuP50Ms: number;
  readonly maxMs: number;
}

/** Milliseconds that the kernel needs for one node's frame and the tick that follows. */
export function measureTicks({ services, workloads, warmup, ticks }: TickPlan): TickCost {
  const config = wideMesh(services, workloads);
  const mesh = new OfferedMesh(config, seededRandom(1));
  const kernel = createKernel();
  step(kernel, { kind: 'config', config });
  const costsMs: number[] = [];
  const cpuMs: number[] = [];
  let leaseSeq = 0;
  for (let sec = 1; sec <= warmup + ticks; sec++) {
    const frame = mesh.nextFrame(leaseSeq);
    const cpuStart = process.cpuUsage();
    const startMs = performance.now();
    step(kernel, { kind: 'frame', frame, nowMs: 1000 * sec });
    const { effects } = step(kernel, { kind: 'tick', nowMs: 1000 * sec, wallMs: 1000 * sec });
    if (sec > warmup) {
      costsMs.push(performance.now() - startMs);
      const { user, system } = process.cpuUsage(cpuStart);
      cpuMs.push((user + system) / 1000);
    }
    for (const effect of effects) {
      if (effect.kind === 'publish-leases') leaseSeq = effect.leases[0]?.seq ?? leaseSeq;
    }
  }
  return { p50Ms: median(costsMs), cpuP50Ms: median(cpuMs), maxMs: Math.max(...costsMs) };
}
