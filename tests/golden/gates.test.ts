import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeReports, runGoldenFolder } from './golden-report.ts';

describe('golden vectors of the gates (MATHS §B1–§B4)', function () {
  this.timeout(60_000);

  it('are reproduced by the gates', () => {
    const { text, ok } = describeReports(runGoldenFolder('tests/golden/mesh'));
    assert.ok(ok, text);
    assert.match(text, /calibration\.json: 21 passed, 0 failed\n/);
    assert.match(text, /p1-fit\.json: 11 passed, 0 failed/);
    assert.match(text, /p2-gluing\.json: 13 passed, 0 failed/);
    assert.match(text, /p3-uv\.json: 9 passed, 0 failed/);
    assert.match(text, /p4-isolation\.json: 4 passed, 0 failed/);
    assert.match(text, /p5-normalised-spectrum\.json: 19 passed, 0 failed/);
  });

  it('fail when a wanted number is moved by more than its tolerance', () => {
    const folder = mkdtempSync(join(tmpdir(), 'golden-'));
    try {
      const text = readFileSync('tests/golden/mesh/p1-fit.json', 'utf8');
      writeFileSync(join(folder, 'moved.json'), text.replaceAll('0.29235376079224484', '0.2923537'));
      const report = describeReports(runGoldenFolder(folder));
      assert.equal(report.ok, false);
      assert.match(report.text, /rate-all\+30%-x1: output\.value/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('count as a failure when nothing ran', () => {
    const folder = mkdtempSync(join(tmpdir(), 'golden-'));
    try {
      writeFileSync(join(folder, 'other.json'), '{"schema": "something/1", "cases": [{"id": "a", "op": "x"}]}');
      const report = describeReports(runGoldenFolder(folder));
      assert.equal(report.ok, false);
      assert.match(report.text, /other\.json: not covered yet\n0 passed, 0 failed/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
