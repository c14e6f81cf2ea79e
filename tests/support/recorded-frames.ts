import type { KernelEvent } from '../../core/kernel/kernel-io.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import { KernelStory } from './kernel-story.ts';
import { meshConfig } from './mesh-fixtures.ts';
import { SimulatedService } from './simulated-service.ts';

/** inventory declares its 400 calls/s and is well; payment declares nothing and is overloaded. */
export const RECORDED_MESH: MeshConfig = meshConfig({
  services: { payment: {}, inventory: { rps: 400 } },
  workloads: { checkout: { prio: 7 }, batch: { prio: 2 }, stock: {}, audit: {} },
  budgets: {
    checkout: { payment: {} },
    batch: { payment: {} },
    stock: { inventory: { int: 0.5 } },
    audit: { inventory: { int: 0.9 } },
  },
});
const simulated = (service: string, workloads: string[], seed: number): SimulatedService =>
  new SimulatedService({ service, workloads, workers: 8, meanServiceMs: 20, timeoutMs: 1000, seed });

const PAYMENT = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { prio: 7 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: {} }, batch: { payment: {} } },
});

/** Keeps the frames of a node in front of payment, as the limits of a kernel let them come about. */
class RecordedFrames extends KernelStory {
  readonly frames: TelemetryFrame[] = [];

  override tell(event: KernelEvent): void {
    if (event.kind === 'frame') this.frames.push(event.frame);
    super.tell(event);
  }
}

/** The same node in front of inventory too, which is well. */
export function recordFrames(): readonly TelemetryFrame[] {
  const story = new RecordedFrames(PAYMENT, simulated('payment', ['checkout', 'batch'], 5));
  const phases: readonly (readonly [untilSec: number, checkout: number, batch: number])[] = [
    [90, 150, 50],
    [165, 300, 700],
  ];
  for (const [untilSec, checkout, batch] of phases) {
    story.service.setRate('checkout', checkout);
    story.service.setRate('batch', batch);
    story.runTo(untilSec);
  }
  const inventory = simulated('inventory', ['stock', 'audit'], 7);
  for (const workload of ['stock', 'audit']) inventory.setRate(workload, 60);
  return story.frames.map((frame) => {
    inventory.run(frame.seq);
    return { ...frame, edges: [...frame.edges, ...inventory.counters()] };
  });
}
