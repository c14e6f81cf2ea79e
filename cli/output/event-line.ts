import type { CapacityEvent, StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import { formatNumber } from './format-number.ts';
import { gateWord, verdicts } from './gate-word.ts';

type Timestamp = CapacityEvent['timestamp'];

/** A bounded action in one line: what, on what, why, until when. */
export function actionLine(action: StabilityAction): string {
  const { kind, target, size, phase, gate, ratio, expiresAt, endCause } = action;
  const until = phase === 'ended' ? `because ${endCause || 'over'}` : `until ${timeOf(expiresAt)}`;
  return `${kind} on ${target} ${phase}: size ${formatNumber(size)}, gate ${gate} at ${formatNumber(ratio)}, ${until}`;
}

/** An event in one line: when, which, about what, and what it says. */
export function eventLine(event: CapacityEvent): string {
  const about = [event.workloadId, event.service].filter((name) => name !== '').join(' → ');
  const notPassing = verdicts(event.gates)
    .filter(([, verdict]) => verdict !== undefined && !['PASS', 'N/A'].includes(gateWord(verdict)))
    .map(([name, verdict]) => `${name} ${gateWord(verdict)}${verdict?.reason ? ` (${verdict.reason})` : ''}`);
  const parts = [
    event.message,
    ...(event.actionTaken === undefined ? [] : [actionLine(event.actionTaken)]),
    ...(event.kind === 'gate' ? notPassing : []),
  ];
  const text = parts.filter((part) => part !== '').join('; ');
  return [timeOf(event.timestamp), `#${event.sequence}`, event.kind, about, text]
    .filter((part) => part !== '')
    .join('  ');
}

/** RFC 3339 in UTC, to the millisecond. */
export function timeOf(timestamp: Timestamp): string {
  if (timestamp === undefined) return '–';
  return new Date(timestamp.seconds * 1000 + timestamp.nanos / 1e6).toISOString();
}
