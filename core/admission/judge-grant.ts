import { AXES, type CapacityVector } from '../capacity/capacity-vector.ts';
import type { AdmissionCaution } from './admission-caution.ts';
import type { AdmissionScene } from './admission-scene.ts';
import type { GateForecast } from './gate-forecast.ts';
import { grantChange } from './grant-change.ts';
import { isTight } from './tight-gates.ts';
import { type ServiceForecast, whatIf } from './what-if.ts';

/** What stays the same while other vectors than the one asked for are tried. */
export interface GrantScene {
  readonly scene: AdmissionScene;
  readonly workload: string;
  /** See `heldShare`. */
  readonly held: number;
}

/** UNKNOWN for these reasons means that we are blind, not that there is nothing to see yet (CONTRACT §E). */
const BLIND_REASONS: ReadonlySet<string> = new Set(['stale', 'nonfinite', 'clock']);

/** What speaks against a grant. */
export interface Objection {
  readonly gate: GateForecast;
  readonly kind: 'fails' | 'blind' | 'tight';
}

/** A grant as the gates see it, apart from the account. */
export interface Judgement {
  /** Services that the workload calls itself. */
  readonly own: ReadonlySet<string>;
  readonly services: readonly ServiceForecast[];
  readonly objections: readonly Objection[];
}

/** What would become of the gates with one more grant, and what of that speaks against it (CONTRACT §E, MATHS §B7). */
export function judgeGrant({ scene, workload, held }: GrantScene, asked: CapacityVector): Judgement {
  const change = grantChange(scene, workload, asked, held);
  const own = new Set(change.levels.keys());
  const services = whatIf(scene, change, own);
  const { coldStartMax } = scene.caution;
  const isSmall = AXES.every((axis) => (asked[axis] ?? 1) <= coldStartMax);
  const objections: Objection[] = [];
  for (const { gates } of services) {
    for (const gate of gates) {
      const { status, reason } = gate.now;
      const isBlind = status === 'UNKNOWN' && BLIND_REASONS.has(reason);
      if (status === 'FAIL') objections.push({ gate, kind: 'fails' });
      else if (isBlind && !isSmall) objections.push({ gate, kind: 'blind' });
      else if (isTight(gate, scene.caution)) objections.push({ gate, kind: 'tight' });
    }
  }
  // What fails hides what is merely close.
  const failing = objections.filter(({ kind }) => kind === 'fails');
  return { own, services, objections: failing.length > 0 ? failing : objections };
}

/**
 * By how much the largest predicted ratio u is above 1 − margin: 1 − (1 − margin)/u,
 * as 1/u of a queue falls with load in almost a straight line. 0 or less is
 * admitted, Infinity where it is no ratio that speaks against it.
 */
export function excessOf({ services, objections }: Judgement, { marginRatio }: AdmissionCaution): number {
  if (objections.some(({ kind }) => kind !== 'tight')) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const { gates } of services) {
    for (const { now, ratio } of gates) if (now.status === 'PASS') largest = Math.max(largest, ratio ?? 0);
  }
  return 1 - (1 - marginRatio) / largest;
}
