import {
  type AdmissionLedger,
  type AdmissionRecord,
  noteAdmission,
  type Observed,
  type PendingAdmission,
  settleAdmissions,
} from '../admission/admission-ledger.ts';
import { ERROR_RATE_LIMIT } from '../gates/error-drift.ts';
import { MIN_ATTEMPTS_FOR_RETRIES } from '../gates/uv.ts';
import { WINDOW_TICKS_MAX } from '../substrate/edge-window.ts';
import type { EdgeState } from './edge-state.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';

/** exp(ȳ − ŷ) above which an admission is falsified (MATHS §B7). */
const LATENCY_RATIO_MAX = 1.28;

/** Enters a decision of admission, with the error rates that are usual now. */
export function enterAdmission(state: KernelState, record: AdmissionRecord): AdmissionLedger {
  const baselines = edgesOf(state, record).map(({ edge }) => {
    const { attempts, failures } = edge.model;
    return [edge.key, attempts > 0 ? failures / attempts : 0] as const;
  });
  return noteAdmission(state.admissions, record, baselines, state.nowMs);
}

/** Judges the decisions that are a minute old; costs nothing while none is. */
export const followAdmissions = (state: KernelState): AdmissionLedger =>
  settleAdmissions(state.admissions, state.nowMs, (pending) => observe(state, pending));

/**
 * An edge of the workload falsifies an admission where over the last minute its
 * error rate is above q + 0.01, or its latency 1.28 times what the model expects
 * at the load that there was. A refusal is proved needless where every service
 * came to the load that it was to keep away, and nothing of the kind was seen.
 */
function observe(state: KernelState, pending: PendingAdmission): Observed {
  const usual = new Map(pending.baselines);
  const edges = edgesOf(state, pending);
  const judged = edges.map(({ edge, service }) => observeEdge(edge, service, usual.get(edge.key) ?? 0));
  if (judged.includes('falsified')) return 'falsified';
  if (!pending.admitted && !pending.services.every((load) => hasCome(state, load))) return 'unseen';
  return judged.includes('clean') ? 'clean' : 'unseen';
}

function observeEdge(edge: EdgeState, service: ServiceState, usualErrors: number): Observed {
  const { attempts, failures, answers, logSum } = edge.window.sums(WINDOW_TICKS_MAX);
  if (attempts < MIN_ATTEMPTS_FOR_RETRIES) return 'unseen';
  if (failures / attempts > usualErrors + ERROR_RATE_LIMIT) return 'falsified';
  const expected = edge.latency.expected(loadOver(service));
  const ratio = answers > 0 && expected !== null ? Math.exp(logSum / answers - expected) : 1;
  return ratio > LATENCY_RATIO_MAX ? 'falsified' : 'clean';
}

const hasCome = (state: KernelState, { service, thenRps }: PendingAdmission['services'][number]): boolean => {
  const seen = state.services.get(service);
  return seen !== undefined && loadOver(seen) >= thenRps && seen.gates.fit.status === 'PASS';
};

/** Attempts per second of all callers over the last minute. */
function loadOver({ edges }: ServiceState): number {
  let [attempts, durationSec] = [0, 0];
  for (const { window } of edges.values()) {
    const sums = window.sums(WINDOW_TICKS_MAX);
    attempts += sums.attempts;
    durationSec = Math.max(durationSec, sums.durationSec);
  }
  return durationSec > 0 ? attempts / durationSec : 0;
}

function edgesOf(state: KernelState, { workload, services }: AdmissionRecord) {
  return services.flatMap(({ service: name }) => {
    const service = state.services.get(name);
    const own = [...(service?.edges.values() ?? [])].filter((edge) => edge.workload === workload);
    return service === undefined ? [] : own.map((edge) => ({ edge, service }));
  });
}
