import type { GateName } from '../gates/gate-state.ts';

/** What actions do; `size` of a record is in the unit given here. */
export type ActionKind =
  /** Calls in flight of a service are held at its knee by the overload controller; calls in flight. */
  | 'limit-concurrency'
  /** The model of a service must not learn the outage; 0. */
  | 'freeze-learning'
  /** Calls of the lowest priorities are shed; share of the service's first attempts. */
  | 'shed-priority'
  /** Retries give way to first attempts; percent left of an edge's retry budget. */
  | 'shed-retries'
  /** A caller of a failing service has less of its rate; share of its guarantee. */
  | 'reallocate'
  /** A bursting edge is held to its guaranteed rate and less of its burst; share of the burst. */
  | 'cut-burst'
  /** The workload is asked for larger batches and smaller caches; the gate's ratio. */
  | 'advise-batching'
  /** Envoys keep the last good snapshot; 0. */
  | 'hold-rollout'
  /** Nodes check in more often; factor on the leases. */
  | 'shorten-leases'
  /** A tenant suspected of harming another has a little less for a while; share of what it used. */
  | 'probe'
  /** A tenant that was seen to harm another has less; share of what it used. */
  | 'throttle'
  /** A tenant may not call the service; 0. */
  | 'fence'
  /** Operators, or what scales for them, are asked for a larger service; multiple of the capacity that there is. */
  | 'request-scale';

/** Why an action ended; empty while it runs. */
export type EndCause = '' | 'recovered' | 'expired' | 'cancelled' | 'safe-mode' | 'confirmed' | 'not-confirmed';

/** A bounded, reversible intervention and the reason for it; same shape as `capmesh.v1.StabilityAction`. */
export interface StabilityActionRecord {
  readonly id: string;
  readonly gate: GateName;
  readonly horizon: 'immediate' | 'short-term' | 'long-term';
  readonly kind: ActionKind;
  /** The service, edge or tenant acted on. */
  readonly target: string;
  readonly size: number;
  /** The gate's ratio and threshold when the action was decided. */
  readonly ratio: number;
  readonly threshold: number;
  readonly windowMs: number;
  /** UTC milliseconds. */
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  readonly phase: 'started' | 'changed' | 'ended';
  readonly endCause: EndCause;
  /** Only recorded: the policy keeps actions of this gate from having any effect. */
  readonly shadow: boolean;
}
