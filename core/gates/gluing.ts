import type { GateVerdict } from './gate-state.ts';
import {
  comparableViews,
  comparisonCount,
  MIN_VIEW_SAMPLES,
  type ReplicaView,
  type ReplicaViews,
  suspectView,
  viewRatios,
} from './replica-views.ts';
import { type ConfigLag, STATE_DIFFERENCE_LIMIT } from './state-views.ts';
import { isAmount, isLevel, isPositive } from './usable-number.ts';
import { combine, judge, largest, notApplicable, unknown } from './verdict.ts';
import { type ComparisonScale, type CountPair, compareCounts, familyK, sampleCap } from './view-disagreement.ts';

/** Critical value of one comparison: false alarms α = 2·exp(−9) = 2.5·10⁻⁴ a window (CONTRACT §G). */
export const GLUING_K = 3;
/** More unusable views than this share make the gate UNKNOWN (MATHS §B8). */
const MAX_DROPPED_RATIO = 0.05;
/** Above it windows of different nodes cannot be compared (MATHS §B8). */
const MAX_CLOCK_SKEW_SEC = 5;

export interface GluingInput {
  /** Views of one service and route that should be exchangeable; never put different tenants or routes into one. */
  readonly distributions: readonly ReplicaViews[];
  readonly counters: readonly EdgeCounts[];
  /** `null` = no node takes its configuration from us. */
  readonly config: ConfigLag | null;
  /** Δ_led per account, see `ledgerDifference`; `null` = no ledger. */
  readonly ledger: readonly { readonly account: string; readonly difference: number }[] | null;
  /** k of one comparison; it grows to k(m) with their number. */
  readonly k: number;
  /** Windows of distributions that chance may fail one of with the probability α of k; 1 if not given. */
  readonly looks?: number;
  /** Componentwise maximum of the live C_geo in scope; a null counts 1 in N_geo. */
  readonly geo: number | null;
  /** Bound of the difference between the nodes' clocks, s; 0 if not given. */
  readonly clockSkewSec?: number;
}

export interface EdgeCounts extends CountPair {
  readonly edge: string;
}

/**
 * Do overlapping views of the same thing agree? u = max over overlaps of
 * Δ√N/k(m), Δ_cfg/0.01 and Δ_led/0.01 (MATHS §B2). `worst` is the suspect view
 * of a distribution (the overlap where no single view can be blamed), the edge
 * of counters, the lagging node or the account. NOT_APPLICABLE where nothing
 * overlaps; overlaps with too few calls are skipped, and UNKNOWN if nothing else is left.
 */
export function gluingGate(input: GluingInput): GateVerdict {
  const { distributions, counters, dropped, total } = usableViews(input);
  const comparable = comparableViews(distributions);
  const counted = counters.filter((pair) => (pair.out + pair.in) / 2 >= MIN_VIEW_SAMPLES);
  const comparisons = comparable.reduce((sum, overlap) => sum + comparisonCount(overlap), counted.length);
  const scale = { k: familyK(input.k, Math.max(1, comparisons)), samplesMax: sampleCap(input.geo) };
  const skipped = distributions.length - comparable.length + counters.length - counted.length;
  const verdict = combine([
    distributionPart(comparable, { ...scale, k: familyK(scale.k, input.looks ?? 1) }),
    counterPart(counted, scale, input.clockSkewSec ?? 0),
    configPart(input.config),
    ledgerPart(input.ledger),
    ...(dropped > MAX_DROPPED_RATIO * total || !hasUsableScale(input) ? [unknown('nonfinite')] : []),
  ]);
  const evidence = { ...verdict.evidence, comparisons, skipped_overlaps: skipped, k_m: scale.k };
  if (verdict.status !== 'NOT_APPLICABLE') return { ...verdict, evidence };
  return skipped > 0 ? unknown('insufficient_mass', evidence) : notApplicable('no-overlap', evidence);
}

/** Overlaps of two views and more, without views whose numbers are no counts. */
function usableViews(input: GluingInput) {
  const distributions = input.distributions
    .filter(({ views }) => views.length >= 2)
    .map(({ name, views }) => ({ name, views: views.filter((view) => isHistogram(view, views[0])) }));
  const counters = input.counters.filter((pair) => [pair.out, pair.in, pair.inFlightBound].every(isAmount));
  const viewCount = (overlaps: readonly ReplicaViews[]) => overlaps.reduce((sum, { views }) => sum + views.length, 0);
  const total = viewCount(input.distributions.filter(({ views }) => views.length >= 2)) + input.counters.length;
  return { distributions, counters, total, dropped: total - viewCount(distributions) - counters.length };
}

const hasUsableScale = ({ k, looks = 1, geo, clockSkewSec = 0 }: GluingInput): boolean =>
  isPositive(k) && looks >= 1 && isAmount(looks) && isLevel(geo) && isAmount(clockSkewSec);

const isHistogram = ({ histogram }: ReplicaView, first: ReplicaView | undefined): boolean =>
  histogram.length === first?.histogram.length && histogram.every(isAmount);

function distributionPart(overlaps: readonly ReplicaViews[], scale: ComparisonScale): GateVerdict {
  const worst = largest(overlaps.flatMap((overlap) => viewRatios(overlap, scale)));
  if (worst === null) return notApplicable('no-overlap');
  const name = worst.ratio <= 1 ? worst.view : (suspectView(overlaps, scale) ?? worst.overlap);
  return judge(worst.ratio, { worst: worst.ratio > 0 ? name : '', evidence: { u_distribution: worst.ratio } });
}

function counterPart(counters: readonly EdgeCounts[], scale: ComparisonScale, clockSkewSec: number): GateVerdict {
  if (counters.length > 0 && !(clockSkewSec <= MAX_CLOCK_SKEW_SEC)) return unknown('clock');
  const worst = largest(counters.map((pair) => ({ edge: pair.edge, ratio: compareCounts(pair, scale).ratio })));
  if (worst === null) return notApplicable('no-overlap');
  return judge(worst.ratio, { worst: worst.ratio > 0 ? worst.edge : '', evidence: { u_counter: worst.ratio } });
}

function configPart(config: ConfigLag | null): GateVerdict {
  if (config === null) return notApplicable('no-overlap');
  const ratio = config.laggingShare / STATE_DIFFERENCE_LIMIT;
  return judge(ratio, { worst: config.laggard, evidence: { u_config: ratio } });
}

function ledgerPart(ledger: GluingInput['ledger']): GateVerdict {
  const worst = largest(
    (ledger ?? []).map(({ account, difference }) => ({ account, ratio: difference / STATE_DIFFERENCE_LIMIT })),
  );
  if (worst === null) return notApplicable('no-overlap');
  return judge(worst.ratio, { worst: worst.ratio > 0 ? worst.account : '', evidence: { u_ledger: worst.ratio } });
}
