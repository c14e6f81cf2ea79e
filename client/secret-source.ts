import { readFile } from 'node:fs/promises';
import { CapmeshError } from './capmesh-error.ts';

/**
 * Where the workload's enrolment secret comes from. Asked for each call that
 * needs it, so that a secret which is replaced is taken up.
 */
export type SecretSource = { readonly file: string } | (() => string | Promise<string>);

/** The secret without surrounding space. Throws a `CapmeshError` where there is none. */
export async function readSecret(source: SecretSource, address: string): Promise<string> {
  const secret = (typeof source === 'function' ? await source() : await readSecretFile(source.file, address)).trim();
  if (/^[!-~]+$/.test(secret)) return secret;
  const where = typeof source === 'function' ? '' : ` in ${source.file}`;
  throw new CapmeshError('credentials', address, `there is no enrolment secret${where}`);
}

async function readSecretFile(file: string, address: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CapmeshError('credentials', address, `the enrolment secret cannot be read: ${(error as Error).message}`);
  }
}
