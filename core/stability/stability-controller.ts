import type { GateName } from '../gates/gate-state.ts';
import { AMPLIFICATION_MAX, CONTROL_PERIOD_SEC } from '../gates/uv.ts';
import { adviseBatching, cutBurst, reallocate } from './edge-measures.ts';
import { heldThrottles, isolationMeasures } from './isolation-measures.ts';
import type { Measure } from './measure.ts';
import { actionEdge } from './measure.ts';
import { requestScale, SCALE_AFTER_MS } from './scale-request.ts';
import { splitShed } from './shed-split.ts';
import type { StabilityScene } from './stability-scene.ts';

/** Retry budget while retries must give way, percent (MATHS §B6). */
export const RETRY_PERCENT_HELD = 5;
/** More coherence points: nodes check in twice as often. */
const LEASE_FACTOR = 0.5;
/** Sidecars shed where the overload controller has held a service for this long. */
const SHED_AFTER_MS = 5000;
/** A gate that fails for this long is answered by re-allocation, 3·τ_c. */
const SHORT_TERM_MS = 3 * CONTROL_PERIOD_SEC * 1000;

/**
 * What should hold while a gate of a service fails: state and verdict in, measures
 * out, nothing remembered (DESIGN §6, MATHS §B6). Started, renewed and ended they
 * are by `followActions`. A measure that refuses calls is only taken with harm
 * beside the failed gate; the concurrency limit is the overload controller's.
 */
export class StabilityController {
  /** A service does not behave as its model says: learn nothing from it, keep away what matters least, spare it. */
  onFitViolation(scene: StabilityScene): Measure[] {
    const measures: Measure[] = [freezeLearning(scene)];
    if (scene.harm.length === 0) return measures;
    if (scene.trimming) {
      return [...measures, ...shedPriority(scene), shedRetries(scene, 'fit'), ...askForMore(scene)];
    }
    // While the controller holds the service, rates stay the budget's (CONTROL, "Composition"); and while one tenant is
    // seen to harm the others, it is that tenant who gives way.
    if (scene.fitFailingMs < SHORT_TERM_MS || isOneTenantsDoing(scene)) return measures;
    return [...measures, ...reallocate(scene)];
  }

  /** Views of the same thing disagree: change nothing by ourselves, ask more often. */
  onGluingViolation(scene: StabilityScene): Measure[] {
    const whole = { gate: 'gluing', horizon: 'immediate', target: scene.service } as const;
    return [
      { ...whole, kind: 'hold-rollout', size: 0, edges: [] },
      { ...whole, kind: 'shorten-leases', size: LEASE_FACTOR, edges: scene.edges.map((edge) => actionEdge(edge)) },
    ];
  }

  /** Something is faster than the service may absorb: the bursting edge, or retries of all of them. */
  onUvViolation(scene: StabilityScene): Measure[] {
    const { evidence, ratio, worst } = scene.gates.uv;
    const measures: Measure[] = [];
    const bursting = scene.edges.find((edge) => edge.key === worst);
    if (bursting && (evidence.u_burst ?? 0) > 1 && evidence.u_burst === ratio) {
      measures.push(adviseBatching(bursting, ratio ?? 0));
      if (scene.harm.length > 0 && scene.policy.maxShedRatio > 0) measures.push(cutBurst(scene, bursting));
    }
    const retrying = 100 * (evidence.retry_ratio ?? 0) > RETRY_PERCENT_HELD;
    const amplifying = (evidence.amplification ?? 0) > AMPLIFICATION_MAX;
    if (retrying || amplifying) measures.push(shedRetries(scene, 'uv'));
    return measures;
  }

  /** One tenant's load moves another's latency: probe the suspect, throttle who was confirmed, fence who goes on. */
  onIsolationViolation(scene: StabilityScene): Measure[] {
    return isolationMeasures(scene);
  }

  /** The answers to every gate that fails now. UNKNOWN is no reason to act. */
  decide(scene: StabilityScene): Measure[] {
    const failing = (gate: GateName): boolean => scene.gates[gate].status === 'FAIL';
    return [
      ...(failing('fit') ? this.onFitViolation(scene) : []),
      ...(failing('gluing') ? this.onGluingViolation(scene) : []),
      ...(failing('uv') ? this.onUvViolation(scene) : []),
      ...(failing('isolation') ? this.onIsolationViolation(scene) : heldThrottles(scene)),
    ];
  }
}

/** Last of all: what is shed and refused for long is asked for. */
function askForMore(scene: StabilityScene): Measure[] {
  const measure = scene.trimmingMs < SCALE_AFTER_MS ? null : requestScale(scene);
  return measure === null ? [] : [measure];
}

/** The isolation gate names somebody, or what was done about it still holds. */
const isOneTenantsDoing = ({ gates, running }: StabilityScene): boolean =>
  gates.isolation.status === 'FAIL' || running.some(({ record }) => record.gate === 'isolation' && !record.shadow);

const freezeLearning = (scene: StabilityScene): Measure => ({
  gate: 'fit',
  horizon: 'immediate',
  kind: 'freeze-learning',
  target: scene.service,
  size: 0,
  edges: [],
});

/** Refusals that persist fall on the lowest classes; the first seconds are left to the breaker, until its shares have settled. */
function shedPriority(scene: StabilityScene): Measure[] {
  if (scene.trimmingMs < SHED_AFTER_MS) return [];
  const split = splitShed(scene.edges, scene.capacityRps, scene.policy.maxShedRatio);
  if (split === null) return [];
  return [
    {
      gate: 'fit',
      horizon: 'immediate',
      kind: 'shed-priority',
      target: scene.service,
      size: split.share,
      edges: scene.edges.map((edge) => actionEdge(edge, split.edges.get(edge.key))),
    },
  ];
}

/** Retry budgets are cut at once, for that refuses no first attempt; sidecars shed retries only where there is harm. */
function shedRetries(scene: StabilityScene, gate: GateName): Measure {
  const retries = scene.harm.length > 0 && scene.policy.maxShedRatio > 0;
  return {
    gate,
    horizon: 'immediate',
    kind: 'shed-retries',
    target: scene.service,
    size: RETRY_PERCENT_HELD,
    edges: scene.edges.map((edge) => actionEdge(edge, { belowPrio: 0, ratio: 0, retries })),
  };
}
