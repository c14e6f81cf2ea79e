import { resolve } from 'node:path';
import { CliError, EXIT } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { readIfExists } from './state-folder.ts';

/** The capacity token in a file, or on stdin for `-`: tokens are secrets, and no command line holds them. */
export function readTokenFile({ cwd, input }: Pick<CliContext, 'cwd' | 'input'>, file: string): string {
  const token = (file === '-' ? input() : readIfExists(resolve(cwd, file)))?.trim();
  if (token) return token;
  const where = file === '-' ? 'on stdin' : `in ${file}`;
  const hint = '"capmesh token request <workload> > <file>" writes one.';
  throw new CliError(EXIT.credentials, `no capacity token ${where}`, hint);
}
