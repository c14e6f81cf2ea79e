import { refusalMessage } from '../../core/admission/refusal-message.ts';
import type { RefusalReason } from '../../core/admission/refusal-reason.ts';
import { victimOf } from '../../core/gates/victim.ts';
import type { GateVerdict } from '../../proto/gen/capmesh/v1/gates.ts';
import { endWords, SHADOW_WORDS, sizeWords, verdictWords } from '../output/action-words.ts';
import { controlLines } from '../output/control-lines.ts';
import { formatDuration } from '../output/format-duration.ts';
import { formatNumber } from '../output/format-number.ts';
import { msOf, timeOf } from '../output/time-of.ts';
import type { Subject } from './collect-why.ts';
import { evidenceWords } from './evidence-words.ts';
import type { ExplainedAction, FailingGate, Refusal, Why } from './why.ts';

/** Ended actions that are shown; the rest is counted. */
const ENDED_MAX = 10;

/** What was asked, and when. */
export interface Question {
  readonly subject: Subject;
  /** How far back the events were read. */
  readonly sinceMs: number;
  readonly nowMs: number;
}

/** The answer for a reader: what is so now, then what was. */
export function whyLines(why: Why, { subject, sinceMs, nowMs }: Question): string[] {
  const { actions, refusals, unanswered, ended } = why;
  const now = [
    ...controlLines(why.control),
    ...actions.flatMap((action) => runningLines(action, nowMs)),
    ...refusals.map(refusalLine),
    ...unanswered.flatMap((gate) => unansweredLines(gate, why)),
  ];
  const isCalm = actions.length + refusals.length + unanswered.length === 0;
  const nothingEnded = subject.kind !== 'action' && ended.length === 0;
  return [
    ...(isCalm ? [calmLine(subject)] : []),
    ...now,
    ...(nothingEnded ? [`no action ended in the last ${formatDuration(sinceMs)}`] : []),
    ...ended.slice(0, ENDED_MAX).flatMap(endedLines),
    ...(ended.length > ENDED_MAX ? [`and ${ended.length - ENDED_MAX} more that ended before`] : []),
  ];
}

function calmLine(subject: Subject): string {
  if (subject.kind === 'action') return `${subject.id} does not run any more`;
  return `${subject.kind === 'service' ? `${subject.service}: ` : ''}nothing is limited or refused now`;
}

function runningLines({ action, verdict }: ExplainedAction, nowMs: number): string[] {
  const age = formatDuration(nowMs - msOf(action.startedAt));
  return [
    `${title(action)}: ${sizeWords(action)}, for ${age}${action.shadow ? ` (${SHADOW_WORDS})` : ''}`,
    ...causeLines(action, verdict),
    `  ends at ${timeOf(action.expiresAt)} unless renewed; end it now with "capmesh actions cancel ${action.id}"`,
  ];
}

function endedLines({ action, verdict, endedAt }: ExplainedAction): string[] {
  // Its end may have been told before the control plane was restarted, or not at all.
  const end = endedAt === undefined ? 'its end was not told' : `${timeOf(endedAt)}, ${endWords(action.endCause)}`;
  return [
    `${title(action)}: ${sizeWords(action)}${action.shadow ? ` (${SHADOW_WORDS})` : ''}`,
    ...causeLines(action, verdict),
    `  ran from ${timeOf(action.startedAt)}, ended ${end}`,
  ];
}

function title({ kind, target, service, id }: ExplainedAction['action']): string {
  const whom = target === service || service === '' ? target : `${target} at ${service}`;
  return `${kind} on ${whom}, ${id}`;
}

function causeLines(action: ExplainedAction['action'], verdict: GateVerdict | undefined): string[] {
  return [`  because ${verdictWords(action)}${named(verdict)}`, ...evidenceLines(verdict)];
}

const evidenceLines = (verdict: GateVerdict | undefined): string[] =>
  evidenceWords(verdict?.evidence ?? {}).map((words) => `    ${words}`);

function named(verdict: GateVerdict | undefined): string {
  const victim = victimOf(verdict?.evidence ?? {});
  const worst = verdict?.worst ? `, worst ${verdict.worst}` : '';
  return victim === '' ? worst : `${worst}, harmed ${victim}`;
}

function refusalLine({ edge, reason, rps, causes }: Refusal): string {
  const by = causes.map(({ kind, id }) => `${kind} ${id}`).join(', ');
  const words = causes.length > 0 ? `by ${by}` : refusalWords(reason, edge);
  return `refused now: ${formatNumber(rps)}/s of ${edge.workload}/${edge.service}, ${reason}: ${words}`;
}

/** What stands behind a refusal that no action causes. */
function refusalWords(reason: string, edge: Refusal['edge']): string {
  const { offeredRps, limitRps, guaranteeRps, maxRequests } = edge;
  if (reason === 'budget-exhausted') {
    return `offered ${formatNumber(offeredRps)}/s, its limit is ${formatNumber(limitRps)}/s, its guarantee ${formatNumber(guaranteeRps)}/s`;
  }
  if (reason === 'breaker-open') return `it may have ${maxRequests} calls in flight on each node`;
  return (refusalMessage(reason as RefusalReason) as string | undefined) ?? 'no action causes it';
}

function unansweredLines({ service, gate, verdict }: FailingGate, { control }: Why): string[] {
  const u = verdict.ratio === undefined ? '' : ` (u ${formatNumber(verdict.ratio)}, threshold 1)`;
  const isStopped = control?.safeMode === true || control?.pausedUntil !== undefined;
  const reason = isStopped ? 'operators allow none' : 'it was cancelled lately, or nothing is harmed';
  return [
    `${gate} of ${service} fails${u}${named(verdict)}; no action answers it: ${reason}`,
    ...evidenceLines(verdict),
  ];
}
