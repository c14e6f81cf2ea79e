import { AXES, type CapacityVector } from '../capacity/capacity-vector.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import { CAUTION_LEVEL_MAX } from './admission-caution.ts';
import { type AdmissionOutcome, confidenceAt, tenthOf } from './confidence.ts';

/** An admission or a refusal on account of gates, as it was decided: a prediction that time will judge (MATHS §B7, Step 3). */
export interface AdmissionRecord {
  /** Unique: the grant's, or one of its own for a refusal. */
  readonly id: string;
  readonly workload: string;
  readonly asked: CapacityVector;
  readonly admitted: boolean;
  /** Largest predicted ratio of any gate that it touches; `null` = nothing could be predicted. */
  readonly ratioMax: number | null;
  /** Load that was predicted for every service that it touches. */
  readonly services: readonly PredictedLoad[];
}

export interface PredictedLoad {
  readonly service: string;
  /** Calls per second. */
  readonly thenRps: number;
}

/** A prediction whose outcome is not known yet. */
export interface PendingAdmission extends AdmissionRecord {
  /** Monotonic milliseconds of the decision. */
  readonly atMs: number;
  /** That it would turn out well, by what was known when it was decided; 0 … 1. */
  readonly confidence: number;
  /** q: error rates learned on the workload's edges when it was decided. */
  readonly baselines: readonly (readonly [edge: EdgeKey, errorRatio: number])[];
  /** Of a refusal: the later admission that asked for no less; empty = none. */
  readonly retriedAs: string;
}

/** What admission predicted and what came of it. Bounded; plain data. */
export interface AdmissionLedger {
  /** Oldest first. */
  readonly pending: readonly PendingAdmission[];
  /** Oldest first. */
  readonly outcomes: readonly AdmissionOutcome[];
  /** See `cautionAt`. */
  readonly cautionLevel: number;
  /** Clean outcomes since the caution was raised last. */
  readonly cleanSince: number;
  /** Predictions that were not followed because too many waited. */
  readonly dropped: number;
}

/** Before the first admission: nothing predicted, no caution. */
export const EMPTY_ADMISSION_LEDGER: AdmissionLedger = {
  pending: [],
  outcomes: [],
  cautionLevel: 0,
  cleanSince: 0,
  dropped: 0,
};

/** Time after which an admission is judged (MATHS §B7). */
export const OUTCOME_AFTER_MS = 60_000;
/** Predictions that wait together. */
export const PENDING_MAX = 256;
/** Outcomes that are kept, the newest. */
export const OUTCOMES_MAX = 256;
/** A surprise is grave where the admission was at least as sure as admissions have to be. */
const HIGH_CONFIDENCE = 0.85;
/** Clean outcomes after which the caution is over (MATHS §B7). */
const CLEAN_NEEDED = 50;

/** Enters a decision; one that asks for no less than earlier refusals of the workload is their retry. */
export function noteAdmission(
  ledger: AdmissionLedger,
  record: AdmissionRecord,
  baselines: PendingAdmission['baselines'],
  nowMs: number,
): AdmissionLedger {
  if (ledger.pending.length >= PENDING_MAX) return { ...ledger, dropped: ledger.dropped + 1 };
  const confidence = confidenceAt(ledger.outcomes, tenthOf(record.ratioMax));
  const noted: PendingAdmission = { ...record, atMs: nowMs, confidence, baselines, retriedAs: '' };
  const isRetried = (earlier: PendingAdmission): boolean =>
    record.admitted &&
    !earlier.admitted &&
    earlier.retriedAs === '' &&
    earlier.workload === record.workload &&
    entitlesTo(record.asked, earlier.asked);
  const pending = ledger.pending.map((earlier) =>
    isRetried(earlier) ? { ...earlier, retriedAs: record.id } : earlier,
  );
  return { ...ledger, pending: [...pending, noted] };
}

/** Whether one vector is at least as much as another on every axis; a null counts 1. */
const entitlesTo = (one: CapacityVector, other: CapacityVector): boolean =>
  AXES.every((axis) => (one[axis] ?? 1) >= (other[axis] ?? 1));

/** What the last minute says of a prediction. */
export type Observed =
  /** Errors or latency beyond what was to be expected. */
  | 'falsified'
  /** Nothing of the kind. For a refusal: the load that it was to keep away came all the same. */
  | 'clean'
  /** Too little happened, or nothing proves it. */
  | 'unseen';

/**
 * Judges predictions that are a minute old. A refusal waits for the outcome of
 * its retry, and is missed where that, or the load that came all the same, was
 * clean. An admission that was falsified although its confidence was high raises
 * the caution, 50 clean outcomes end it.
 */
export function settleAdmissions(
  ledger: AdmissionLedger,
  nowMs: number,
  observe: (pending: PendingAdmission) => Observed,
): AdmissionLedger {
  const isDue = ({ atMs }: PendingAdmission): boolean => nowMs - atMs >= OUTCOME_AFTER_MS;
  const [first] = ledger.pending;
  if (first === undefined || !isDue(first)) return ledger;
  const observed = new Map(ledger.pending.filter(isDue).map((one) => [one.id, observe(one)]));
  const waiting = new Set(ledger.pending.filter((one) => !isDue(one)).map(({ id }) => id));
  let next: AdmissionLedger = { ...ledger, pending: [] };
  for (const one of ledger.pending) {
    const seen = observed.get(one.id);
    if (seen === undefined || (!one.admitted && waiting.has(one.retriedAs))) {
      next = { ...next, pending: [...next.pending, one] };
    } else {
      const proof = one.admitted ? seen : proofOf(one, seen, observed);
      next = withOutcome(next, one, proof);
    }
  }
  return next;
}

function proofOf({ retriedAs }: PendingAdmission, seen: Observed, observed: ReadonlyMap<string, Observed>): Observed {
  return seen === 'clean' || observed.get(retriedAs) === 'clean' ? 'clean' : 'unseen';
}

function withOutcome(ledger: AdmissionLedger, one: PendingAdmission, seen: Observed): AdmissionLedger {
  if (seen === 'unseen') return ledger;
  const { confidence, admitted } = one;
  const kind = admitted ? seen : 'missed';
  const { workload, ratioMax, atMs } = one;
  const outcome: AdmissionOutcome = {
    kind,
    confidence,
    tenth: tenthOf(ratioMax),
    decision: { workload, ratioMax, atMs },
  };
  const outcomes = [...ledger.outcomes, outcome].slice(-OUTCOMES_MAX);
  return withCaution({ ...ledger, outcomes }, kind, confidence);
}

function withCaution(ledger: AdmissionLedger, kind: AdmissionOutcome['kind'], confidence: number): AdmissionLedger {
  const { cautionLevel, cleanSince } = ledger;
  if (kind === 'falsified' && confidence >= HIGH_CONFIDENCE) {
    return { ...ledger, cautionLevel: Math.min(CAUTION_LEVEL_MAX, cautionLevel + 1), cleanSince: 0 };
  }
  if (cautionLevel === 0 || kind !== 'clean') return ledger;
  return cleanSince + 1 >= CLEAN_NEEDED
    ? { ...ledger, cautionLevel: 0, cleanSince: 0 }
    : { ...ledger, cleanSince: cleanSince + 1 };
}
