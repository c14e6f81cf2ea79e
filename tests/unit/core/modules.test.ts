import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../../platform/package-root.ts';

const COMPILED_CORE = join(packageRoot(), 'dist', 'core');

describe('modules of core', () => {
  it('can each be loaded by itself', async () => {
    const modules = readdirSync(COMPILED_CORE, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    );
    assert.ok(modules.length > 150, `${modules.length} modules`);
    for (const name of modules) {
      const loaded: unknown = await import(pathToFileURL(join(COMPILED_CORE, name)).href);
      assert.equal(typeof loaded, 'object', name);
    }
  });
});
