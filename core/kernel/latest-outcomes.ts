import type { AdmissionLedger } from '../admission/admission-ledger.ts';
import type { AdmissionOutcome } from '../admission/confidence.ts';

/** What came of one decision of admission. */
export interface LatestOutcome extends Pick<AdmissionOutcome, 'kind' | 'confidence'> {
  readonly workload: string;
  /** Largest predicted ratio of any gate; `null` = nothing could be predicted. */
  readonly ratioMax: number | null;
  /** Time since the decision. */
  readonly ageMs: number;
}

const LATEST_MAX = 20;

/** The outcomes that were judged last, the newest first; those of earlier versions, which do not say whose they are, are left out. */
export const latestOutcomes = ({ outcomes }: AdmissionLedger, nowMs: number): LatestOutcome[] =>
  outcomes
    .slice(-LATEST_MAX)
    .reverse()
    .flatMap(({ kind, confidence, decision }) =>
      decision === undefined
        ? []
        : [
            {
              kind,
              confidence,
              workload: decision.workload,
              ratioMax: decision.ratioMax,
              ageMs: Math.max(0, nowMs - decision.atMs),
            },
          ],
    );
