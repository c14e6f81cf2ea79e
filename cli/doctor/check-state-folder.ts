import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StateFolder } from '../state-folder.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** A unix socket's path must fit into `sockaddr_un`; macOS has 104 bytes, Linux 108. */
const SOCKET_PATH_MAX = 100;
const ENTRIES_MAX = 10_000;
const SECRET = /\/(admin\.token|(credentials|tokens|keys)\/[^/]+|[^/]+\.(nkey|pem))$/;

export function checkStateFolder(state: StateFolder): Finding[] {
  return [checkPermissions(state.path), checkSocketPath(state)];
}

function checkPermissions(folder: string): Finding {
  const check = 'state folder';
  if (!existsSync(folder)) return ok(check, `${folder} does not exist yet`);
  const open = [folder, ...secretFiles(folder)].filter((file) => (statSync(file).mode & 0o077) !== 0);
  return open.length === 0
    ? ok(check, folder)
    : fail(check, `others may read ${open.join(', ')}`, `chmod go= ${open.join(' ')}`);
}

function secretFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .slice(0, ENTRIES_MAX)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => SECRET.test(file));
}

function checkSocketPath(state: StateFolder): Finding {
  const bytes = Buffer.byteLength(state.in('node-999', 'check.sock'));
  return bytes <= SOCKET_PATH_MAX
    ? ok('socket paths', `${bytes} of at most ${SOCKET_PATH_MAX} bytes`)
    : warn('socket paths', `${bytes} bytes, at most ${SOCKET_PATH_MAX}`, 'Choose a shorter --state-dir.');
}
