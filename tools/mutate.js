/**
 * Do the tests notice a broken line? Applies the mutants of tools/mutants.json one
 * after the other in a copy of the project, compiles it, and runs the test file
 * that must turn red. A mutant is killed when the named test fails; it must have
 * passed before. Exit 1 unless all of them are killed.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NOT_COPIED = new Set(['node_modules', 'coverage', '.git', '.tools', '.capmesh']);

const mutants = JSON.parse(readFileSync('tools/mutants.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'capmesh-mutants-'));
try {
  copyProject();
  const before = runTests([...new Set(mutants.map(({ test }) => test))]);
  const outcomes = mutants.map((mutant, index) => {
    const outcome = tryMutant(mutant, before);
    console.log(`${String(index + 1).padStart(2)}. ${outcome.padEnd(8)} ${mutant.file}`);
    console.log(`    ${mutant.original}  →  ${mutant.mutated}`);
    console.log(`    ${mutant.name}\n`);
    return outcome;
  });
  const killed = outcomes.filter((outcome) => outcome === 'killed').length;
  console.log(`${killed} of ${mutants.length} killed`);
  process.exitCode = killed === mutants.length && killed > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

function copyProject() {
  for (const name of readdirSync('.')) {
    if (!NOT_COPIED.has(name)) cpSync(name, join(folder, name), { recursive: true });
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
}

/** `killed`, or why it was not. */
function tryMutant({ file, original, mutated, test, name }, before) {
  if (!before.passed.has(name)) return `its test ${before.failed.has(name) ? 'fails without it' : 'does not exist'}`;
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(original).length !== 2) return 'its line is not there exactly once';
  writeFileSync(
    path,
    text.replace(original, () => mutated),
  );
  try {
    if (!compile()) return 'does not compile';
    return runTests([test]).failed.has(name) ? 'killed' : 'survived';
  } finally {
    writeFileSync(path, text);
  }
}

function compile() {
  const run = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.json'], { cwd: folder, encoding: 'utf8' });
  if (run.status !== 0) process.stderr.write(run.stdout);
  return run.status === 0;
}

/** Full names of the tests that passed and failed in compiled test files. */
function runTests(tests) {
  const files = tests.map((test) => join('dist', test.replace(/\.ts$/, '.js')));
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const args = ['--no-config', '--timeout', '60000', '--reporter', 'json', '--reporter-option', `output=${report}`];
  spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args, ...files], { cwd: folder });
  const { passes, failures } = JSON.parse(readFileSync(report, 'utf8'));
  const names = (list) => new Set(list.map(({ fullTitle }) => fullTitle));
  return { passed: names(passes), failed: names(failures) };
}
