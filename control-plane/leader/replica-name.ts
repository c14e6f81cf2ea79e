import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The name of a replica, which it keeps in its state folder over restarts and rotations of its key; made by `newName` unless it is there. */
export function replicaName(stateDir: string, newName: () => string): string {
  const file = join(stateDir, 'replica');
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, `${newName()}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8').trim();
}
