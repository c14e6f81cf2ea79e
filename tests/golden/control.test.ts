import assert from 'node:assert/strict';
import { describeReports, runGoldenFolder } from './golden-report.ts';

describe('golden transcripts of the overload controller (CONTROL)', () => {
  it('are reproduced tick by tick', () => {
    const reports = runGoldenFolder('tests/golden/control');
    const { text, ok } = describeReports(reports);
    assert.ok(ok, text);
    assert.equal(reports.length, 19);
  });
});
