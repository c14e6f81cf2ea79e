import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cautionAt } from '../../../../core/admission/admission-caution.ts';
import { admissionFigures, wilsonLowerBound } from '../../../../core/admission/admission-figures.ts';
import {
  type AdmissionLedger,
  type AdmissionRecord,
  EMPTY_ADMISSION_LEDGER,
  noteAdmission,
  type Observed,
  OUTCOMES_MAX,
  PENDING_MAX,
  settleAdmissions,
} from '../../../../core/admission/admission-ledger.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';

const record = (id: string, over: Partial<AdmissionRecord> = {}): AdmissionRecord => ({
  id,
  workload: 'checkout',
  asked: { ...UNLIMITED, int: 0.5 },
  admitted: true,
  ratioMax: 0.45,
  services: [{ service: 'payment', thenRps: 200 }],
  ...over,
});

const note = (ledger: AdmissionLedger, one: AdmissionRecord, atMs = 0) => noteAdmission(ledger, one, [], atMs);
const settle = (ledger: AdmissionLedger, nowMs: number, seen: Readonly<Record<string, Observed>>) =>
  settleAdmissions(ledger, nowMs, ({ id }) => seen[id] ?? 'unseen');
const kinds = ({ outcomes }: AdmissionLedger) => outcomes.map(({ kind }) => kind);

/** One admission after the other, a minute each. */
function settled(
  seen: readonly Observed[],
  start: AdmissionLedger = EMPTY_ADMISSION_LEDGER,
  over = {},
): AdmissionLedger {
  return seen.reduce((ledger, each, i) => {
    const id = `grant-${i}`;
    return settle(note(ledger, record(id, over)), 60_000, { [id]: each });
  }, start);
}
const times = (count: number, seen: Observed): Observed[] => new Array<Observed>(count).fill(seen);

describe('admission ledger (MATHS §B7, Step 3)', () => {
  it('judges an admission after a minute, not before, and once', () => {
    const noted = note(EMPTY_ADMISSION_LEDGER, record('a'), 1000);
    equal(settle(noted, 60_999, { a: 'clean' }), noted);
    const judged = settle(noted, 61_000, { a: 'clean' });
    deepEqual([kinds(judged), judged.pending], [['clean'], []]);
    equal(settle(judged, 200_000, { a: 'falsified' }), judged);
  });

  it('an admission of which too little was seen is no outcome', () => {
    const judged = settled(['unseen', 'clean', 'unseen', 'falsified']);
    deepEqual(kinds(judged), ['clean', 'falsified']);
  });

  it('a refusal is missed only where its load came all the same, or a retry was clean', () => {
    const refused = record('r', { admitted: false, ratioMax: 1.2 });
    const alone = (seen: Observed) => kinds(settle(note(EMPTY_ADMISSION_LEDGER, refused), 60_000, { r: seen }));
    deepEqual([alone('unseen'), alone('falsified'), alone('clean')], [[], [], ['missed']]);
    const retried = note(note(EMPTY_ADMISSION_LEDGER, refused), record('a'), 30_000);
    const waiting = settle(retried, 60_000, {});
    deepEqual([kinds(waiting), waiting.pending.length], [[], 2], 'waits for the outcome of the retry');
    deepEqual(kinds(settle(waiting, 90_000, { a: 'clean' })), ['missed', 'clean']);
    deepEqual(kinds(settle(waiting, 90_000, { a: 'falsified' })), ['falsified']);
  });

  it('a retry is an admission of the same workload that asks for no less', () => {
    const refused = note(EMPTY_ADMISSION_LEDGER, record('r', { admitted: false }));
    for (const other of [
      record('a', { asked: { ...UNLIMITED, int: 0.4 } }),
      record('a', { workload: 'batch' }),
      record('a', { admitted: false }),
    ]) {
      equal(note(refused, other, 1).pending[0]?.retriedAs, '');
    }
    equal(note(refused, record('a', { asked: UNLIMITED }), 1).pending[0]?.retriedAs, 'a');
  });

  it('confidence is the smoothed success rate of the same tenth, by what was over before', () => {
    const ledger = settled([...times(6, 'clean'), ...times(2, 'falsified')]);
    const confidenceOf = (ratioMax: number) => note(ledger, record('next', { ratioMax })).pending[0]?.confidence;
    equal(confidenceOf(0.49), (6 + 3.4) / 12);
    equal(confidenceOf(0.5), 0.85);
    equal(ledger.outcomes[0]?.confidence, 0.85, 'the first one knew nothing of its own outcome');
  });

  it('says nothing with fewer than 20 outcomes', () => {
    const { precision, recall, calibration } = admissionFigures(settled(times(19, 'clean')));
    deepEqual([precision.status, recall.status, calibration.status], ['UNKNOWN', 'UNKNOWN', 'UNKNOWN']);
    equal(admissionFigures(settled(times(20, 'clean'))).precision.status, 'PASS');
  });

  it('judges precision and recall by the lower end of their intervals', () => {
    // (0.95 + 0.01353 − 1.645·√(0.000475 + 0.00006765)) / 1.02706
    ok(Math.abs(wilsonLowerBound(95, 100) - 0.90083) < 1e-5, `${wilsonLowerBound(95, 100)}`);
    const close = admissionFigures(settled([...times(36, 'clean'), ...times(4, 'falsified')]));
    deepEqual([close.precision.value, close.precision.status], [0.9, 'FAIL']);
    const refused = { admitted: false };
    const needless = admissionFigures(settled(times(9, 'clean'), settled(times(21, 'clean')), refused));
    deepEqual([needless.missed, needless.recall.value, needless.recall.status], [9, 0.7, 'FAIL']);
    equal(needless.precision.status, 'PASS');
  });

  it('calibration is the distance of confidence and success, over bins', () => {
    const steady = admissionFigures(settled(times(40, 'clean')));
    equal(steady.calibration.status, 'PASS');
    const wrong = admissionFigures(settled(times(30, 'falsified')));
    equal(wrong.calibration.status, 'FAIL');
    ok((wrong.calibration.value ?? 0) > 0.2);
  });

  it('a sure admission that goes wrong halves the cold start and widens the margin, until 50 are clean', () => {
    const alarmed = settled(['falsified']);
    deepEqual(admissionFigures(alarmed).caution, { coldStartMax: 0.05, marginRatio: 0.1 + 0.05 });
    const unsure = settled(['falsified', 'falsified']);
    equal(unsure.cautionLevel, 1, '3.4 of 5 is not sure');
    equal(settled(times(49, 'clean'), unsure).cautionLevel, 1);
    deepEqual(admissionFigures(settled(times(50, 'clean'), unsure)).caution, cautionAt(0));
  });

  it('keeps a bounded number of predictions and outcomes', () => {
    let full: AdmissionLedger = EMPTY_ADMISSION_LEDGER;
    for (let i = 0; i < PENDING_MAX + 3; i++) full = note(full, record(`grant-${i}`));
    deepEqual([full.pending.length, full.dropped], [PENDING_MAX, 3]);
    const many = settled(times(OUTCOMES_MAX + 5, 'clean'));
    equal(many.outcomes.length, OUTCOMES_MAX);
  });
});
