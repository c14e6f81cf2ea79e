import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CALIBRATION, CALIBRATION_SEED, calibrationError } from '../golden/calibration.ts';

const reference: Readonly<Record<string, number>> = JSON.parse(
  readFileSync('tests/golden/mesh/calibration.json', 'utf8'),
);

describe(`calibration of the gates (MATHS §B1, §B2, §B4, seed ${CALIBRATION_SEED})`, () => {
  it('has a figure for every one of the reference, and no other', () => {
    assert.deepEqual([...CALIBRATION.keys()].sort(), Object.keys(reference).sort());
  });

  for (const [name, wanted] of Object.entries(reference)) {
    it(name, () => {
      assert.equal(calibrationError(name, wanted), null);
    });
  }

  it('is not reproduced when a share is moved by more than chance', () => {
    assert.match(calibrationError('isolation detects beta=0.5, N=120', 0.5) ?? '', /not 0\.5 ± 0\.1/);
    assert.match(calibrationError('fit_rate false-FAIL, 1 edge mean 1000', 0.01) ?? '', /not 0\.01 ± 0\.00/);
    assert.match(calibrationError('isolation detects beta=0.5, N=120', 0.7301) ?? '', /no share of 400 trials/);
    assert.equal(calibrationError('another figure', 0.1), 'no such figure');
  });
});
