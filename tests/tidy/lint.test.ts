import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';

describe('tidy: biome', function () {
  this.timeout(60_000);

  it('finds nothing to format or mend', () => {
    const program = join(packageRoot(), 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const run = spawnSync(process.execPath, [program, 'check', '--error-on-warnings', '.'], {
      cwd: packageRoot(),
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
    assert.match(run.stdout + run.stderr, /Checked \d{2,} files/);
  });
});
