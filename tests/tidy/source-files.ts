import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';

export interface SourceFile {
  /** Path from the root of the project. */
  readonly path: string;
  readonly text: string;
}

const BUILT = new Set(['node_modules', 'dist', 'gen', 'coverage', '.git', '.tools', '.capmesh']);
const TEXT =
  /\.(ts|js|cjs|mjs|json|md|proto|sh|py|yaml|yml|toml|html|css|txt)$|(^|\/)(Makefile|Dockerfile|run|\.[a-z]+rc)$/;

/** Every text file that somebody wrote. */
export function sourceFiles(): SourceFile[] {
  const root = packageRoot();
  return walk(root)
    .map((path) => relative(root, path))
    .filter((path) => TEXT.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return BUILT.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}
