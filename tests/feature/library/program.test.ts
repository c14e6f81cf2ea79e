import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';

describe('README: Capmesh as a library', () => {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const [, program = ''] = /## As a library\n.*?```js\n(.*?)```/s.exec(readme) ?? [];

  it('runs as it stands there, and ends stable', () => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: packageRoot(),
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^stable \{ geo: null, int: 0\.4, gauge: null, ptr: 0\.75, obs: null \}/);
    for (const gate of ['fit', 'gluing', 'uv', 'isolation'])
      assert.match(run.stdout, new RegExp(`${gate}: \\{\\s+status`));
  });

  it('imports nothing that reaches out, and stays short', () => {
    const imports = [...program.matchAll(/from '(.*?)'/g)].map(([, name]) => name);
    assert.deepEqual(imports, ['node:crypto', 'capmesh']);
    assert.ok(program.trim().split('\n').length <= 30);
  });
});

describe('reference: the mesh simulation', () => {
  const page = readFileSync(join(packageRoot(), 'docs/reference/simulation.md'), 'utf8');
  const [, program = ''] = /```js\n(.*?)```/s.exec(page) ?? [];

  it('has a program that runs as it stands there: a service that stumbles is back for its callers', () => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: packageRoot(),
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr);
    const [, goodput = ''] = /^(\d+) fit failed$/m.exec(run.stdout) ?? [];
    assert.ok(Number(goodput) > 150 && Number(goodput) <= 210, run.stdout);
  });
});
