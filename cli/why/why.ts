import type { ActionControl, EdgeStatus } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityEvent, StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import type { GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';

/** Why a service, or all of them, is being limited or refused, or was. */
export interface Why {
  readonly services: readonly string[];
  readonly control: ActionControl | undefined;
  /** Running ones. */
  readonly actions: readonly ExplainedAction[];
  readonly refusals: readonly Refusal[];
  /** Gates that fail without an action that answers them. */
  readonly unanswered: readonly FailingGate[];
  /** Ended ones, the newest first. */
  readonly ended: readonly ExplainedAction[];
}

/** An action with the verdict that it was decided, or last changed, by. */
export interface ExplainedAction {
  readonly action: StabilityAction;
  readonly verdict: GateVerdict | undefined;
  /** Of an action that ended, as far as the events tell. */
  readonly endedAt: CapacityEvent['timestamp'];
}

/** Calls of an edge that are refused for one reason now. */
export interface Refusal {
  readonly edge: EdgeStatus;
  readonly reason: string;
  readonly rps: number;
  /** Running actions that refuse for this reason. */
  readonly causes: readonly StabilityAction[];
}

export interface FailingGate {
  readonly service: string;
  readonly gate: string;
  readonly verdict: GateVerdict;
}
