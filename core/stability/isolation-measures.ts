import { REST } from '../gates/isolation.ts';
import { LEVEL_LIMIT } from '../gates/isolation-level.ts';
import { CONTROL_PERIOD_SEC } from '../gates/uv.ts';
import { victimOf } from '../gates/victim.ts';
import { latencyFell, mean, standardError } from './latency-fall.ts';
import { actionEdge, DECREASE, isSettled, keep, leastSize, lower, type Measure } from './measure.ts';
import type { RunningAction } from './running-action.ts';
import type { ActionKind } from './stability-action.ts';
import type { StabilityScene } from './stability-scene.ts';

/** What a probe leaves its suspect at first. */
const PROBE_SIZE = 0.9;
/** A probe that shows nothing in this time is made deeper by one step. */
const PROBE_STEP_MS = CONTROL_PERIOD_SEC * 1000;
/** By then the victim's latency has fallen, or the suspect goes free. */
const PROBE_MS = 3 * CONTROL_PERIOD_SEC * 1000;
/** A throttle at its floor for this long is not enough. */
const FENCE_AFTER_MS = 3 * CONTROL_PERIOD_SEC * 1000;
/** A rise of the victim's latency that is worth an action (MATHS §B4). */
const MATERIAL = Math.log(1.05);
/** Standard errors that noise is granted when it is asked whether a victim suffers. */
const NOISE = 2;
/** A victim that lost more than this multiple of what its suspect lost is not harmed by it. */
const SHARED_FACTOR = 2;
const BEFORE_TICKS = 10;
const RECENT_TICKS = 5;

/**
 * The suspect that the gate names has 10 % less first, and if that shows nothing
 * two steps less. Only if its victim's latency falls meanwhile is it throttled,
 * step by step to the floor while the victim suffers; and only then, where the
 * policy allows it, fenced.
 */
export function isolationMeasures(scene: StabilityScene): Measure[] {
  const { worst: tenant } = scene.gates.isolation;
  const held = scene.running
    .filter(({ record }) => record.kind === 'throttle' || record.kind === 'fence')
    .flatMap((action) => goOn(scene, action));
  // One suspect at a time: two probes would hide each other's effect.
  const probe = scene.running.find(({ record }) => record.kind === 'probe');
  if (probe) return [...held, ...judgeProbe(scene, probe)];
  // An overload is the overload controller's: capacity is then shared out by priority and weight, and everybody
  // moves everybody. A probe while it weighs the evidence would take the evidence away.
  const nobody = tenant === '' || tenant === REST || scene.trimming || scene.overloadEvidence > 0;
  if (nobody || !isMaterial(scene)) return held;
  return [...held, ...suspect(scene, tenant)];
}

/**
 * Throttles of a gate that does not fail now: held where they are while the
 * victim suffers, or would again since the calls that harmed it are as heavy as
 * they were. Else they relax.
 */
export const heldThrottles = (scene: StabilityScene): Measure[] =>
  scene.running
    .filter(({ record, victim }) => {
      if (record.kind !== 'throttle') return false;
      return suffers(scene, victim) === true || isHeavy(scene, record.target);
    })
    .map((action) => keep(action));

/**
 * A tenant's calls take half as long again, or more, as its model says of them,
 * although it is throttled: what they ask for has changed. The model goes on
 * learning while the gate passes, so that a change which stays is no reason for ever.
 */
function isHeavy(scene: StabilityScene, tenant: string): boolean {
  const usual = scene.nearestLatency(tenant);
  const recent = scene.latencies(tenant, RECENT_TICKS);
  return usual !== null && recent.length > 0 && mean(recent) - usual > LEVEL_LIMIT;
}

/**
 * A tenant whose own calls became heavier looks like the victim of everybody who
 * waits with them: then it is the suspect, and who was named for it the victim.
 */
function suspect(scene: StabilityScene, named: string): Measure[] {
  const victim = victimOf(scene.gates.isolation.evidence);
  return harmsItself(scene, victim, named) ? suspectOf(scene, victim, named) : suspectOf(scene, named, victim);
}

function suspectOf(scene: StabilityScene, tenant: string, victim: string): Measure[] {
  const edges = edgesOf(scene, tenant);
  // The gate looks back two minutes: what is over by now, or not known to be so now, needs no probe.
  if (edges.length === 0 || victim === '' || suffers(scene, victim) !== true) return [];
  // Who was seen to harm others is no witness: its own heavy calls look like harm done to it.
  if (scene.confirmed.has(victim) || running(scene, 'throttle', tenant)) return [];
  const least = leastSize(scene, edges);
  if (least >= 1) return [];
  const known = scene.confirmed.has(tenant);
  return [
    {
      gate: 'isolation',
      horizon: 'immediate',
      kind: known ? 'throttle' : 'probe',
      target: tenant,
      size: Math.max(least, known ? DECREASE : PROBE_SIZE),
      edges: edges.map((edge) => actionEdge(edge)),
      victim,
      before: scene.latencies(victim, BEFORE_TICKS),
    },
  ];
}

function judgeProbe(scene: StabilityScene, probe: RunningAction): Measure[] {
  const least = leastSize(scene, edgesOf(scene, probe.record.target));
  if (!hasHelped(scene, probe)) {
    if (scene.nowMs - probe.startedMs >= PROBE_MS) return [{ ...keep(probe), ends: 'not-confirmed' }];
    const deeper = scene.nowMs - probe.steppedMs >= PROBE_STEP_MS;
    return [keep(probe, deeper ? lower(probe.record.size, least) : probe.record.size)];
  }
  const throttle: Measure = { ...keep(probe, Math.max(least, DECREASE)), kind: 'throttle' };
  return [{ ...keep(probe), ends: 'confirmed' }, throttle];
}

/** The victim's latency has fallen, or is what its model says again. */
function hasHelped(scene: StabilityScene, probe: RunningAction): boolean {
  // The first tick still holds calls that were let in before.
  const after = scene.latencies(probe.victim, Math.max(0, probe.ticksAtSize - 1));
  if (latencyFell(probe.before, after) === true) return true;
  return after.length >= RECENT_TICKS && suffers(scene, probe.victim) === false;
}

/** A step down while the victim suffers; at the floor a fence, where that is allowed. */
function goOn(scene: StabilityScene, action: RunningAction): Measure[] {
  const { kind, size, target } = action.record;
  if (kind === 'fence' || suffers(scene, action.victim) !== true) return [keep(action)];
  const edges = edgesOf(scene, target);
  const least = leastSize(scene, edges);
  if (size > least) return [keep(action, isSettled(action, scene.nowMs) ? lower(size, least) : size)];
  const tried = scene.nowMs - action.steppedMs >= FENCE_AFTER_MS;
  if (!tried || !mayFence(scene, target) || running(scene, 'fence', target)) return [keep(action)];
  return [keep(action), { ...keep(action, 0), kind: 'fence' }];
}

/** A fence turns all calls of a tenant away: that too must stay within the policy's share. */
function mayFence(scene: StabilityScene, tenant: string): boolean {
  const { fence, maxShedRatio } = scene.policy;
  const all = scene.edges.reduce((sum, edge) => sum + edge.offeredRps, 0);
  const own = edgesOf(scene, tenant).reduce((sum, edge) => sum + edge.offeredRps, 0);
  return fence && own <= maxShedRatio * all;
}

/** Whether the victim's latency stands above what its model says now; `null` = there is no model for its load. */
function suffers(scene: StabilityScene, victim: string): boolean | null {
  const expected = scene.expectedLatency(victim);
  const recent = scene.latencies(victim, RECENT_TICKS);
  if (expected === null || recent.length === 0) return null;
  return mean(recent) - expected > Math.max(MATERIAL, NOISE * standardError(recent));
}

/**
 * A shared queue delays everybody who waits in it. A victim that has lost much
 * more time than its suspect has heavier calls of its own to thank for it.
 */
function harmsItself(scene: StabilityScene, victim: string, suspect: string): boolean {
  const lost = lostMs(scene, victim, scene.expectedLatency(victim));
  const alsoLost = lostMs(scene, suspect, scene.nearestLatency(suspect));
  return lost !== null && alsoLost !== null && lost > SHARED_FACTOR * Math.max(0, alsoLost);
}

/** How much longer a tenant's calls take than expected; `null` = not known. */
function lostMs(scene: StabilityScene, tenant: string, expected: number | null): number | null {
  const recent = scene.latencies(tenant, RECENT_TICKS);
  return expected === null || recent.length === 0 ? null : Math.exp(mean(recent)) - Math.exp(expected);
}

/** The effect is worth an action: by the level of the victim's latency, or as the suspect's excess load predicts it. */
function isMaterial({ gates }: StabilityScene): boolean {
  const { isolation_level: level = 0, predicted_rise: rise } = gates.isolation.evidence;
  return level * LEVEL_LIMIT >= MATERIAL || rise === undefined || Math.log1p(rise) >= MATERIAL;
}

const edgesOf = (scene: StabilityScene, tenant: string) => scene.edges.filter((edge) => edge.tenant === tenant);

const running = (scene: StabilityScene, kind: ActionKind, target: string): RunningAction | undefined =>
  scene.running.find(({ record }) => record.kind === kind && record.target === target);
