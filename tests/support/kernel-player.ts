import type { CapacityKernel, CapacityKernelOptions } from '../../core/kernel/capacity-kernel.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import { MeshPlayer } from './mesh-player.ts';

/** A kernel as a library, and a player whose frames it measures. */
export function kernelPlayer<K extends CapacityKernel = CapacityKernel>(
  config: MeshConfig,
  Kernel: new (options: CapacityKernelOptions) => K,
): { readonly kernel: K; readonly player: MeshPlayer } {
  const frames: TelemetryFrame[] = [];
  const kernel = new Kernel({ config, source: () => frames.splice(0) });
  const player = new MeshPlayer(config, (event) => {
    if (event.kind === 'tick') return kernel.tick(event);
    if (event.kind === 'frame') frames.push(event.frame);
    // The kernel was made with its configuration.
    return event.kind === 'frame' || event.kind === 'config' ? [] : kernel.tell(event);
  });
  return { kernel, player };
}
