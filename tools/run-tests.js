/**
 * Runs the test tiers one after another and ends with one line, "N passed, N failed".
 * A tier that dies before it can report counts as one failure.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIERS = [
  { name: 'unit, golden, property, feature, tidy', config: '.mocharc.json' },
  { name: 'simulation', config: '.mocharc.simulation.json' },
  { name: 'integration', config: '.mocharc.integration.json' },
];

function runTier(tier, folder) {
  console.log(`\n=== ${tier.name} ===`);
  const summaryFile = join(folder, 'summary.json');
  rmSync(summaryFile, { force: true });
  const args = ['--config', tier.config, '--reporter', 'tools/summary-reporter.cjs'];
  const run = spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], {
    stdio: 'inherit',
    // What the processes under test log is noise here: CAPMESH_LOG=info shows it.
    env: { CAPMESH_LOG: 'silent', ...process.env, TEST_SUMMARY_FILE: summaryFile },
  });
  const summary = readSummary(summaryFile);
  if (summary === null) return { passed: 0, failed: 1 };
  const unexplained = run.status !== 0 && summary.failed === 0 ? 1 : 0;
  return { passed: summary.passed, failed: summary.failed + unexplained };
}

function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'capmesh-tests-'));
const results = TIERS.map((tier) => runTier(tier, folder));
rmSync(folder, { recursive: true });
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
