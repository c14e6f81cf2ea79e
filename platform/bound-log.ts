import { copyFileSync, statSync, truncateSync } from 'node:fs';

/**
 * Keeps a file that other processes append to within a size: once it is larger, its
 * content becomes `<file>.1` and it begins anew. Lines written at that very moment
 * may be lost.
 */
export function boundLog(file: string, bytesMax: number): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= bytesMax) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}
