import type { GateStatus, GateVerdict } from './gate-state.ts';

/** A ratio at least this large fails in one tick; smaller ones need two of three (MATHS §B6). */
const FAIL_AT_ONCE = 2;
const FAILS_NEEDED = 2;
const FAIL_MEMORY_TICKS = 3;
/** Recovery: a ratio this small for so many ticks on end. */
const RECOVERED_RATIO = 0.8;
const RECOVERY_TICKS = 5;
/** How long the last state stands while nothing is known. */
const UNKNOWN_HOLD_MS = 30_000;

/** Memory of one gate in one scope. */
export interface GateMemory {
  readonly status: GateStatus;
  /** Whether each of the last ticks failed, newest first. */
  readonly fails: readonly boolean[];
  /** As many as are needed, at most. */
  readonly goodTicks: number;
  /** Monotonic milliseconds since when nothing is known; `null` while something is. */
  readonly unknownSinceMs: number | null;
}

/** A gate that has seen nothing: UNKNOWN, never PASS (MATHS §B8). */
export const NEW_GATE: GateMemory = { status: 'UNKNOWN', fails: [], goodTicks: 0, unknownSinceMs: null };

export interface GateStep {
  readonly memory: GateMemory;
  /** What holds, with the numbers of this tick. */
  readonly verdict: GateVerdict;
}

/** Steadies the verdicts of single ticks (MATHS §B6). */
export function settleGate(memory: GateMemory, seen: GateVerdict, nowMs: number): GateStep {
  const blind = seen.status === 'UNKNOWN' && !(memory.status === 'FAIL' && isWellWithoutModel(seen));
  const next = blind ? withoutKnowledge(memory, nowMs) : withKnowledge(memory, seen);
  const evidence = evidenceOf(next, seen, nowMs);
  if (next.status === seen.status && evidence === seen.evidence) return { memory: next, verdict: seen };
  const reason = next.status === seen.status ? seen.reason : next.status === 'UNKNOWN' ? 'confirming' : '';
  return { memory: next, verdict: { ...seen, status: next.status, reason, evidence } };
}

/** A status that only stands because nothing is known now says for how long. */
function evidenceOf({ status, unknownSinceMs }: GateMemory, seen: GateVerdict, nowMs: number): GateVerdict['evidence'] {
  if (status === 'UNKNOWN' || unknownSinceMs === null) return seen.evidence;
  return { ...seen.evidence, heldForSec: (nowMs - unknownSinceMs) / 1000 };
}

/**
 * Without a model a gate can only have failed by a part that needs none. Where
 * that part is well again the failure ends, into UNKNOWN.
 */
function isWellWithoutModel(seen: GateVerdict): boolean {
  return seen.reason === 'warmup' && seen.ratio !== null && seen.ratio <= RECOVERED_RATIO;
}

function withoutKnowledge(memory: GateMemory, nowMs: number): GateMemory {
  const unknownSinceMs = memory.unknownSinceMs ?? nowMs;
  if (nowMs - unknownSinceMs < UNKNOWN_HOLD_MS) return { ...memory, unknownSinceMs };
  return { ...NEW_GATE, unknownSinceMs };
}

function withKnowledge(memory: GateMemory, seen: GateVerdict): GateMemory {
  const failed = seen.status === 'FAIL';
  const fails =
    !failed && isLongWell(memory.fails) ? memory.fails : [failed, ...memory.fails].slice(0, FAIL_MEMORY_TICKS);
  const good = !failed && (seen.ratio ?? 0) <= RECOVERED_RATIO;
  const goodTicks = good ? Math.min(memory.goodTicks + 1, RECOVERY_TICKS) : 0;
  const status = settledStatus(memory, seen, fails, goodTicks);
  const stays = status === memory.status && fails === memory.fails && goodTicks === memory.goodTicks;
  return stays && memory.unknownSinceMs === null ? memory : { status, fails, goodTicks, unknownSinceMs: null };
}

const isLongWell = (fails: readonly boolean[]): boolean => fails.length === FAIL_MEMORY_TICKS && !fails.includes(true);

function settledStatus(
  memory: GateMemory,
  seen: GateVerdict,
  fails: readonly boolean[],
  goodTicks: number,
): GateStatus {
  if (memory.status === 'FAIL') return goodTicks >= RECOVERY_TICKS ? seen.status : 'FAIL';
  if (seen.status !== 'FAIL') return seen.status;
  const atOnce = (seen.ratio ?? 0) >= FAIL_AT_ONCE;
  const confirmed = fails.filter(Boolean).length >= FAILS_NEEDED;
  return atOnce || confirmed ? 'FAIL' : memory.status;
}
