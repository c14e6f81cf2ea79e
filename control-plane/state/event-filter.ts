import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type GateState, GateStatus } from '../../proto/gen/capmesh/v1/gates.ts';

/** Which events a reader wants; empty strings stand for all. */
export interface EventFilter {
  /** Start after this sequence; 0 = only new events. */
  readonly afterSequence: number;
  readonly workload: string;
  readonly gate: string;
  readonly service?: string;
  /** Kind of action, for example `limit-concurrency`. */
  readonly action?: string;
  /** Start with the oldest event kept; then `afterSequence` is not looked at. */
  readonly fromStart?: boolean;
  /** Start with events since then, UTC milliseconds; `null` = as the fields above say. */
  readonly sinceWallMs?: number | null;
  /** End where the stream ends now. */
  readonly storedOnly?: boolean;
}

/** Of events on the subjects of the filter: whether they are meant. */
export const isWanted = (event: CapacityEvent, { gate, service = '' }: EventFilter): boolean =>
  (gate === '' || concernsGate(event, gate)) && (service === '' || event.service === service);

/** Events that act on a gate or tell that it fails. */
function concernsGate(event: CapacityEvent, gate: string): boolean {
  const verdict = event.gates?.[gate as keyof GateState];
  return event.actionTaken?.gate === gate || verdict?.status === GateStatus.GATE_STATUS_FAIL;
}
