import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageRoot } from './package-root.ts';

export type BinaryName = 'envoy' | 'nats-server';

export interface Binary {
  readonly path: string;
  /** What named it: an environment variable, PATH, or the folder that `make setup` fills. */
  readonly source: string;
}

const VARIABLES: Readonly<Record<BinaryName, string>> = {
  envoy: 'ENVOY_BIN',
  'nats-server': 'NATS_SERVER_BIN',
};

/**
 * Where a program is: the file named by ENVOY_BIN or NATS_SERVER_BIN, else the
 * first on PATH, else `.tools/bin`. `null` when there is none; a variable that
 * names no executable file counts as none, so that a typing mistake is seen.
 */
export function lookUpBinary(name: BinaryName, env: NodeJS.ProcessEnv = process.env): Binary | null {
  const variable = VARIABLES[name];
  const given = env[variable];
  if (given) return isExecutable(given) ? { path: given, source: variable } : null;
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && isExecutable(path)) return { path, source: 'PATH' };
  }
  const installed = join(packageRoot(), '.tools', 'bin', name);
  return isExecutable(installed) ? { path: installed, source: 'make setup' } : null;
}

/** Path of a program as `lookUpBinary` finds it; throws an error that says what to do. */
export function findBinary(name: BinaryName, env: NodeJS.ProcessEnv = process.env): string {
  const binary = lookUpBinary(name, env);
  if (binary === null) {
    const variable = VARIABLES[name];
    const named = env[variable];
    throw new Error(
      named
        ? `${variable}=${named} is not an executable file`
        : `${name} not found: run "make setup", put it on PATH or set ${variable} to its path`,
    );
  }
  return binary.path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
