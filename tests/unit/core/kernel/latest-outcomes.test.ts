import assert from 'node:assert/strict';
import { EMPTY_ADMISSION_LEDGER } from '../../../../core/admission/admission-ledger.ts';
import type { AdmissionOutcome } from '../../../../core/admission/confidence.ts';
import { latestOutcomes } from '../../../../core/kernel/latest-outcomes.ts';

const outcome = (index: number): AdmissionOutcome => ({
  kind: 'clean',
  confidence: 0.9,
  tenth: 4,
  decision: { workload: `w-${index}`, ratioMax: 0.43, atMs: 1000 * index },
});

describe('latestOutcomes()', () => {
  it('tells the newest twenty, the newest first, with the time since each decision', () => {
    const ledger = { ...EMPTY_ADMISSION_LEDGER, outcomes: Array.from({ length: 25 }, (_, index) => outcome(index)) };
    const latest = latestOutcomes(ledger, 30_000);
    assert.equal(latest.length, 20);
    assert.deepEqual(latest[0], {
      kind: 'clean',
      confidence: 0.9,
      workload: 'w-24',
      ratioMax: 0.43,
      ageMs: 6000,
    });
    assert.equal(latest.at(-1)?.workload, 'w-5');
  });

  it('leaves out what an earlier version stored, which does not say whose it is', () => {
    const { decision: _, ...old } = outcome(1);
    const ledger = { ...EMPTY_ADMISSION_LEDGER, outcomes: [old, outcome(2)] };
    assert.deepEqual(
      latestOutcomes(ledger, 9000).map(({ workload }) => workload),
      ['w-2'],
    );
  });
});
