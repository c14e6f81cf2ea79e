import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** Nothing that Capmesh stores unpacks to more, bytes. */
const UNPACKED_MAX = 256 * 1024 * 1024;

const pack = promisify(gzip);
const unpack = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/** JSON, packed away from the main thread. */
export const packJson = (value: unknown): Promise<Uint8Array> => pack(JSON.stringify(value));

/** Rejects on what `packJson` does not write. */
export async function unpackJson(packed: Uint8Array): Promise<unknown> {
  const bytes = await unpack(packed, { maxOutputLength: UNPACKED_MAX });
  return JSON.parse(bytes.toString('utf8'));
}
