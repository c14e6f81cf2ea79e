import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';

interface Mutant {
  readonly file: string;
  readonly original: string;
  readonly mutated: string;
  readonly test: string;
  readonly name: string;
}

const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');

describe('tidy: mutants of `make mutate`', () => {
  const mutants: readonly Mutant[] = JSON.parse(read('tools/mutants.json'));

  it('are twelve, each of another line', () => {
    assert.equal(mutants.length, 12);
    assert.equal(new Set(mutants.map(({ file, original }) => `${file}: ${original}`)).size, mutants.length);
  });

  for (const { file, original, mutated, test } of mutants) {
    it(`change a line of ${file} that is there exactly once, for a test that exists`, () => {
      assert.equal(read(file).split(original).length - 1, 1, original);
      assert.notEqual(mutated, original);
      assert.ok(existsSync(join(packageRoot(), test)), test);
    });
  }
});
