import { join } from 'node:path';
import { packageRoot } from '../platform/package-root.ts';

/** File of a compiled program of this package: `demo/traffic/main` → `<package>/dist/demo/traffic/main.js`. */
export function programPath(name: string): string {
  return join(packageRoot(), 'dist', `${name}.js`);
}
