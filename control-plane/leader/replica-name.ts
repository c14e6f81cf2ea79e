import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from '../../platform/write-private.ts';

/** The name of a replica, which it keeps in its state folder over restarts and rotations of its key; made by `newName` unless it is there. */
export function replicaName(stateDir: string, newName: () => string): string {
  const file = join(stateDir, 'replica');
  if (!existsSync(file)) writePrivate(file, `${newName()}\n`);
  return readFileSync(file, 'utf8').trim();
}
