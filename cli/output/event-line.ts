import { victimOf } from '../../core/gates/victim.ts';
import type { CapacityEvent, StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import type { GateState } from '../../proto/gen/capmesh/v1/gates.ts';
import { SHADOW_WORDS, sizeWords, verdictWords } from './action-words.ts';
import { gateWord, verdicts } from './gate-word.ts';
import { timeOf } from './time-of.ts';

/** A bounded action in one line: what, on what, how much, by which verdict, until when or why it ended. */
export function actionLine(action: StabilityAction): string {
  const { id, kind, target, phase, expiresAt, endCause, shadow } = action;
  return [
    `${kind} on ${target} ${phase}: ${sizeWords(action)}`,
    verdictWords(action),
    phase === 'ended' ? `because ${endCause || 'over'}` : `until ${timeOf(expiresAt)}`,
    ...(shadow ? [SHADOW_WORDS] : []),
    `id ${id}`,
  ].join('; ');
}

/** An event in one line: when, which, about what, and what it says. */
export function eventLine(event: CapacityEvent): string {
  const about = [event.workloadId, event.service].filter((name) => name !== '').join(' → ');
  const text = textOf(event)
    .filter((part) => part !== '')
    .join('; ');
  return [timeOf(event.timestamp), `#${event.sequence}`, event.kind, about, text]
    .filter((part) => part !== '')
    .join('  ');
}

/** The line of an action says all that its message says, but for whose sake it is. */
function textOf({ kind, message, gates, actionTaken }: CapacityEvent): string[] {
  if (actionTaken !== undefined) {
    const victim = actionTaken.gate === 'isolation' ? victimOf(gates?.isolation?.evidence ?? {}) : '';
    return [actionLine(actionTaken), victim === '' ? '' : `for ${victim}`];
  }
  return kind === 'gate' ? [message, ...notPassing(gates)] : [message];
}

const notPassing = (gates: GateState | undefined): string[] =>
  verdicts(gates)
    .filter(([, verdict]) => verdict !== undefined && !['PASS', 'N/A'].includes(gateWord(verdict)))
    .map(([name, verdict]) => `${name} ${gateWord(verdict)}${verdict?.reason ? ` (${verdict.reason})` : ''}`);
