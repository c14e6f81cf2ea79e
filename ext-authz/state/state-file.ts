import { open, readFile, rename } from 'node:fs/promises';
import type { SavedState } from './sidecar-state.ts';

/** What an earlier run saved; `null` where there is nothing, or nothing that can be read. */
export async function readStateFile(path: string): Promise<SavedState | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isSavedState(value) ? value : null;
  } catch {
    return null;
  }
}

/** Replaces the file as a whole (0600): after a crash it is the old state or the new one. */
export async function writeStateFile(path: string, state: SavedState): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

function isSavedState(value: unknown): value is SavedState {
  if (!isRecord(value)) return false;
  const { version, lastWordWallMs, lease, jwks, generations, revoked } = value;
  if (version !== 1 || typeof lastWordWallMs !== 'number') return false;
  if (lease !== null && typeof lease !== 'string') return false;
  if (!isRecord(jwks) || !isRecord(generations) || !isRecord(revoked)) return false;
  return [...Object.values(generations), ...Object.values(revoked)].every((each) => typeof each === 'number');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
