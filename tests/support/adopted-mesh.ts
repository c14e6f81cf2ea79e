import type { GateSettings, MeshConfig } from '../../core/mesh/mesh-config.ts';
import { meshConfig } from './mesh-fixtures.ts';

/** A configuration from a sketch, with some gate settings changed. */
export function adoptedMesh(sketch: Parameters<typeof meshConfig>[0], gates: Partial<GateSettings> = {}): MeshConfig {
  const config = meshConfig(sketch);
  return { ...config, gates: { ...config.gates, ...gates } };
}
