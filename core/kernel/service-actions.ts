import type { GateName } from '../gates/gate-state.ts';
import { followActions } from '../stability/action-book.ts';
import { describeAction } from '../stability/describe-action.ts';
import { StabilityController } from '../stability/stability-controller.ts';
import { mayStartActions } from './action-control.ts';
import type { ServiceNews } from './capacity-events.ts';
import { type KernelState, newActionId } from './kernel-state.ts';
import { sceneOf } from './service-scene.ts';
import type { ServiceState } from './service-state.ts';

const controller = new StabilityController();

/**
 * Lets the controller answer the failed gates of a service and follows its
 * actions; returns what is to be told. A service in health costs nothing.
 *
 * @param windowMs what a gate looked back on
 * @param judged this tick was seen and judged
 */
export function followServiceActions(
  state: KernelState,
  service: ServiceState,
  wallMs: number,
  windowMs: (gate: GateName) => number,
  judged: boolean,
): ServiceNews[] {
  const { config, nowMs } = state;
  const failing = Object.values(service.gates).some(({ status }) => status === 'FAIL');
  if (service.gates.fit.status !== 'FAIL') service.fitFailingSinceMs = null;
  else service.fitFailingSinceMs ??= nowMs;
  if (service.controller.mode !== 'trim') service.trimmingSinceMs = null;
  else service.trimmingSinceMs ??= nowMs;
  if (config === null || (!failing && service.actions.running.length === 0)) return [];
  const scene = sceneOf(state, config, service);
  const refusing = new Set(scene.edges.filter((edge) => edge.refusing).map((edge) => edge.key));
  const { book, told } = followActions(service.actions, judged ? controller.decide(scene) : [], {
    nowMs,
    wallMs,
    windowMs,
    gates: service.gates,
    judged,
    mayStart: mayStartActions(state, wallMs),
    safeMode: state.control.safeMode,
    isShadowed: (gate) => config.policy.shadow.includes(gate),
    isCancelled: (id) => state.cancelled.has(id),
    binds: ({ edges }) => edges.some(({ key }) => refusing.has(key)),
    nextId: () => newActionId(state, wallMs),
  });
  service.actions = book;
  return told.map(({ record, victim }) => ({
    service,
    kind: 'action',
    action: record,
    message: describeAction(service.service, record, victim),
  }));
}
