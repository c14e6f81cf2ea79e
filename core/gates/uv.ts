import { burstRatio } from './burst-level.ts';
import type { GateVerdict } from './gate-state.ts';
import { isAmount, isPositive } from './usable-number.ts';
import { combine, judge, notApplicable, unknown } from './verdict.ts';

/** τ_c: period of the slow control loop, s (MATHS §B10). */
export const CONTROL_PERIOD_SEC = 10;
/** Share of attempts that may be retries at C_int = 1 (Envoy's default retry budget). */
export const RETRY_RATIO_MAX = 0.2;
/** ρ(M) of the retry and fan-out work that is still safe; work grows without end at 1 (MATHS §B3). */
export const AMPLIFICATION_MAX = 0.8;
/** With fewer attempts the share of retries says nothing. */
export const MIN_ATTEMPTS_FOR_RETRIES = 50;

export interface UvInput {
  readonly edges: readonly UvEdge[];
  /** ρ of the component of K + diag(r) that the service is in. */
  readonly amplification: number;
  /** Componentwise maximum of the live C_int over the callers; a null counts 1. */
  readonly coupling: number;
  /** T_obs: span of data without a hole, s. */
  readonly observedSec: number;
  /** Lowest frequency the gate must see, Hz: needs 1/f seconds of data. */
  readonly lowestHz: number;
  /** T, s. */
  readonly tickSec: number;
}

export interface UvEdge {
  readonly name: string;
  /** Largest level of the bucket of admitted arrivals in the window, calls. */
  readonly admittedLevelMax: number;
  /** σ, calls; `null` = no limit on this edge. */
  readonly burst: number | null;
  /** All that were aimed at the service, refused ones too: retries are counted whether they are let in or not. */
  readonly attempts: number;
  readonly retries: number;
}

/** Is anything faster than the service may absorb, or slower than the data can show? (MATHS §B3) */
export function uvGate(input: UvInput): GateVerdict {
  const resolution = resolutionRatio(input);
  const seen = notApplicable('', { u_res: Math.min(resolution, 1e6) });
  const parts = [burstPart(input.edges), retryPart(input), amplificationPart(input), seen];
  if (!isUsable(input)) parts.push(unknown('nonfinite'));
  const measured = combine(parts);
  if (resolution <= 1) return measured;
  return { ...unknown('warmup', measured.evidence), ratio: measured.ratio, worst: measured.worst };
}

const isUsable = ({ edges, coupling, observedSec, lowestHz, tickSec }: UvInput): boolean =>
  isAmount(coupling) && isAmount(observedSec) && isAmount(tickSec) && isPositive(lowestHz) && edges.every(isUsableEdge);

const isUsableEdge = ({ admittedLevelMax, burst, attempts, retries }: UvEdge): boolean =>
  isAmount(admittedLevelMax) && isAmount(burst ?? 0) && isAmount(attempts) && isAmount(retries);

function resolutionRatio({ lowestHz, observedSec, tickSec }: UvInput): number {
  return Math.max(1 / (lowestHz * observedSec), (2 * tickSec) / CONTROL_PERIOD_SEC);
}

function burstPart(edges: readonly UvEdge[]): GateVerdict {
  let ratio = -1;
  let worst = '';
  for (const { name, admittedLevelMax, burst } of edges) {
    if (burst === null) continue;
    const own = burstRatio(admittedLevelMax, burst);
    if (!(own >= 0)) return judge(own, { worst: name, evidence: { u_burst: own } });
    if (own <= ratio) continue;
    ratio = own;
    worst = name;
  }
  return ratio < 0 ? notApplicable('no-limit') : judge(ratio, { worst, evidence: { u_burst: ratio } });
}

function retryPart({ edges, coupling }: UvInput): GateVerdict {
  let [attempts, retries] = [0, 0];
  let worst: UvEdge | null = null;
  for (const edge of edges) {
    attempts += edge.attempts;
    retries += edge.retries;
    if (edge.retries > (worst?.retries ?? 0)) worst = edge;
  }
  if (attempts < MIN_ATTEMPTS_FOR_RETRIES) return judge(0, { evidence: { retry_ratio: 0 } });
  const evidence = { retry_ratio: retries / attempts };
  return judge(retryRatio(evidence, coupling), { worst: worst?.name ?? '', evidence });
}

function amplificationPart({ amplification }: UvInput): GateVerdict {
  return judge(retryRatio({ amplification }, 1), { evidence: { amplification } });
}

/** u_retry by the evidence of a verdict: the larger of r/r_max and ρ(M)/0.8 (MATHS §B3). */
export function retryRatio({ retry_ratio = 0, amplification = 0 }: GateVerdict['evidence'], coupling: number): number {
  const retries = retry_ratio === 0 ? 0 : retry_ratio / (RETRY_RATIO_MAX * Math.min(coupling, 1));
  return Math.max(retries, amplification / AMPLIFICATION_MAX);
}
