import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { GateState, GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';
import { verdicts } from '../output/gate-word.ts';
import type { ExplainedAction } from './why.ts';

/** Actions that are remembered; the oldest is forgotten for a new one. */
const ACTIONS_MAX = 1000;

/** What events tell of actions: the newest word of each, with the verdict that it was last decided by. */
export class ToldActions {
  readonly #actions = new Map<string, ExplainedAction>();

  /** Events come oldest first; what is told to several workloads is one action. */
  take({ actionTaken, gates, service, timestamp }: CapacityEvent): void {
    if (actionTaken === undefined) return;
    const { id, gate, phase } = actionTaken;
    const isOver = phase === 'ended';
    const before = this.#actions.get(id);
    const now = verdictOf(gates, gate);
    this.#actions.set(id, {
      action: { ...actionTaken, service },
      verdict: isOver ? (before?.verdict ?? now) : now,
      endedAt: isOver ? timestamp : undefined,
    });
    const [oldest] = this.#actions.keys();
    if (this.#actions.size > ACTIONS_MAX && oldest !== undefined) this.#actions.delete(oldest);
  }

  find(id: string): ExplainedAction | undefined {
    return this.#actions.get(id);
  }

  /** In the order in which they were first told. */
  all(): ExplainedAction[] {
    return [...this.#actions.values()];
  }
}

export const verdictOf = (gates: GateState | undefined, gate: string): GateVerdict | undefined =>
  verdicts(gates).find(([name]) => name === gate)?.[1];
