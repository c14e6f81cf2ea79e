import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';

/** Whether operators let new actions begin: neither safe mode nor a pause (CONTRACT §G). `wallMs` is UTC. */
export const mayStartActions = ({ control }: KernelState, wallMs: number): boolean =>
  !control.safeMode && wallMs >= control.pausedUntilMs;

/** Whether the concurrency limit of the overload controller reaches the plan. */
export const limitIsEnforced = ({ control, config }: KernelState): boolean =>
  !control.safeMode && !(config?.policy.shadow.includes('fit') ?? false);

/** Whether the overload controller may go on holding a service, or begin to. */
export function mayHold(state: KernelState, service: ServiceState, wallMs: number): boolean {
  if (state.control.safeMode) return false;
  if (service.action !== null) return !state.cancelled.has(service.action.record.id);
  return mayStartActions(state, wallMs) && state.nowMs >= service.limitCoolUntilMs;
}
