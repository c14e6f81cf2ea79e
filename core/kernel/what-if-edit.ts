import { editChange } from '../admission/edit-change.ts';
import { type ServiceForecast, whatIf } from '../admission/what-if.ts';
import { planCapacity } from '../allocators/plan-capacity.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { admissionSceneOf } from './admission-scene-of.ts';
import type { KernelState } from './kernel-state.ts';
import { planInputOf } from './plan-mesh.ts';

/** What would become of the gates if this configuration were in force now (MATHS §B7). Changes nothing. */
export function whatIfEdit(state: KernelState, next: MeshConfig): ServiceForecast[] {
  const scene = admissionSceneOf(state);
  const { change, services } = editChange(scene, planCapacity(planInputOf(state, next)), state.live);
  return whatIf(scene, change, services);
}
