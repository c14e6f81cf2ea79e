import { sliceLimits } from '../allocators/slice-limits.ts';
import { allPass } from '../gates/all-pass.ts';
import { GATES, type GateName, type GateVerdict } from '../gates/gate-state.ts';
import { settleGate } from '../gates/hysteresis.ts';
import { describeAction } from '../stability/describe-action.ts';
import { limitIsEnforced } from './action-control.ts';
import { capacityEvents, type ServiceNews } from './capacity-events.ts';
import { capacityOfService } from './capacity-in-scope.ts';
import { followAdmissions } from './follow-admissions.ts';
import { GateMonitor } from './gate-monitor.ts';
import type { ServiceVerdicts } from './judge-service.ts';
import type { KernelEffect } from './kernel-io.ts';
import type { KernelState } from './kernel-state.ts';
import { learnService } from './learn-service.ts';
import { followLimitAction } from './limit-action.ts';
import { type MeasuredMesh, measureMesh } from './measure-mesh.ts';
import { followLearned, planMesh } from './plan-mesh.ts';
import { samePlan } from './same-plan.ts';
import { followServiceActions } from './service-actions.ts';
import type { ServiceState } from './service-state.ts';
import { STALE_GATES, STALE_MS } from './stale.ts';
import { gateWindowMs } from './windows.ts';

/** Answers the gates that fail; news of what it did. */
export type Stabilize = (state: KernelState, measured: MeasuredMesh, wallMs: number) => ServiceNews[];

/**
 * One tick: what nodes reported → controllers and windows → gates → actions where
 * not all of them pass → plan, leases and news. Its cost grows with the edges,
 * never with the calls.
 */
export const tick = (state: KernelState, wallMs: number): KernelEffect[] =>
  completeTick(state, measureMesh(state, wallMs), wallMs, stabilizeMesh);

/** The rest of a tick, once it is measured. */
export function completeTick(
  state: KernelState,
  measured: MeasuredMesh,
  wallMs: number,
  stabilize: Stabilize,
): KernelEffect[] {
  const judged = judgeMesh(state, measured);
  state.admissions = followAdmissions(state);
  const acted = mustStabilize(state) ? stabilize(state, measured, wallMs) : [];
  state.cancelled.clear();
  const effects = [...holdRollout(state), ...replan(state)];
  if (state.plan === null) return effects;
  const events = capacityEvents(inOrder(state, [...judged, ...acted]), measured, state.plan, wallMs);
  return [...effects, ...events.map((event) => ({ kind: 'emit-event', event }) as const)];
}

/** What concerns one service stands together. */
function inOrder({ services }: KernelState, news: readonly ServiceNews[]): ServiceNews[] {
  if (news.length === 0) return [];
  return [...services.values()].flatMap((service) => news.filter((one) => one.service === service));
}

/** Metrics → gates, and into the models what may be learned; news of every gate whose state changed. */
function judgeMesh(state: KernelState, measured: MeasuredMesh): ServiceNews[] {
  const monitor = new GateMonitor(state.config?.gates);
  const news: ServiceNews[] = [];
  for (const service of state.services.values()) {
    if (measured.seen.has(service)) {
      const verdicts = monitor.judge(service, capacityOfService(service, state), measured);
      news.push(...settle(service, verdicts, state.nowMs));
      const window = measured.windows.of(service);
      learnService(service, state.services, window, isFailing(service, verdicts), state.nowMs);
    } else if (service.newest !== null && state.nowMs - service.lastDataMs > STALE_MS) {
      news.push(...settle(service, STALE_GATES, state.nowMs));
    }
    followLearned(service, limitIsEnforced(state));
  }
  return news;
}

/** Not all gates pass, or something is still done about a gate that did not and has to be renewed or ended. */
function mustStabilize(state: KernelState): boolean {
  for (const service of state.services.values()) if (isUnsettled(service)) return true;
  return false;
}

const isUnsettled = (service: ServiceState): boolean => !allPass(service.gates) || isFollowed(service);

const isFollowed = ({ action, actions, controller, trimmingSinceMs, fitFailingSinceMs }: ServiceState): boolean =>
  action !== null ||
  actions.running.length > 0 ||
  controller.mode === 'trim' ||
  trimmingSinceMs !== null ||
  fitFailingSinceMs !== null;

/** Starts, renews, relaxes and ends actions: the concurrency limit first, then what the stability controller decides. */
export function stabilizeMesh(state: KernelState, { seen, windows }: MeasuredMesh, wallMs: number): ServiceNews[] {
  const news: ServiceNews[] = [];
  for (const service of state.services.values()) {
    if (!isUnsettled(service)) continue;
    const windowMs = (gate: GateName): number => gateWindowMs(gate, service, windows.of(service));
    const clocks = { nowMs: state.nowMs, wallMs, windowMs: windowMs('fit') };
    const action = followLimitAction(state, service, clocks, seen.has(service));
    if (action !== null) {
      news.push({ service, kind: 'action', action, message: describeAction(service.service, action) });
    }
    news.push(...followServiceActions(state, service, wallMs, windowMs, seen.has(service)));
  }
  return news;
}

const isFailing = ({ gates }: ServiceState, seen: ServiceVerdicts): boolean => fails(gates) || fails(seen);

const fails = ({ fit, gluing, uv, isolation }: ServiceVerdicts): boolean =>
  fit?.status === 'FAIL' || gluing?.status === 'FAIL' || uv?.status === 'FAIL' || isolation?.status === 'FAIL';

/** Steadies the verdicts of this tick; news of every gate whose state changed. */
function settle(service: ServiceState, seen: ServiceVerdicts, nowMs: number): ServiceNews[] {
  const news: ServiceNews[] = [];
  const gates: Record<GateName, GateVerdict> = { ...service.gates };
  for (const gate of GATES) {
    const verdict = seen[gate];
    if (verdict === undefined) continue;
    const settled = settleGate(service.memory[gate], verdict, nowMs);
    service.memory[gate] = settled.memory;
    gates[gate] = settled.verdict;
    if (verdict.status !== 'UNKNOWN' || settled.verdict.status === 'UNKNOWN') service.restored.delete(gate);
    const before = service.gates[gate].status;
    if (before === settled.verdict.status) continue;
    const message = `${service.service}: ${gate} ${before} → ${describe(settled.verdict)}`;
    news.push({ service, kind: 'gate', action: null, message });
  }
  service.gates = gates;
  return news;
}

function describe({ status, ratio, reason, worst }: GateVerdict): string {
  const details = [ratio === null ? '' : `u ${ratio.toFixed(2)}`, reason, worst].filter((part) => part !== '');
  return details.length > 0 ? `${status} (${details.join(', ')})` : status;
}

/** Plan and leases together: a call that the routes let in must not meet a sidecar that does not know its edge. */
export const replan = (state: KernelState): KernelEffect[] => [...publishPlan(state), ...publishLeases(state)];

/** Plans anew; publishes only what differs in content from what was published last. */
export function publishPlan(state: KernelState): KernelEffect[] {
  if (state.config === null) return [];
  const plan = planMesh(state, state.config);
  state.plan = plan;
  if (samePlan(state.published, plan)) return [];
  state.published = plan;
  return [{ kind: 'publish-plan', plan }];
}

/** Tells the shell when a hold of the roll-out begins or is over. */
function holdRollout(state: KernelState): KernelEffect[] {
  const held = [...state.services.values()].some(({ actions }) =>
    actions.running.some(({ record }) => record.kind === 'hold-rollout' && !record.shadow),
  );
  if (held === state.rolloutHeld) return [];
  state.rolloutHeld = held;
  return [{ kind: 'hold-rollout', held }];
}

function publishLeases(state: KernelState): KernelEffect[] {
  if (state.plan === null) return [];
  const { leases, book } = sliceLimits({
    plan: state.plan,
    nodes: [...state.nodes.values()].map((node) => ({
      node: node.telemetry.node,
      offeredRps: node.edges,
      ackedSeq: node.telemetry.leaseSeq,
      lastFrameMs: node.telemetry.lastFrameMs,
    })),
    book: state.book,
    epoch: state.epoch,
    nowMs: state.nowMs,
  });
  state.book = book;
  return leases.length > 0 ? [{ kind: 'publish-leases', leases }] : [];
}
