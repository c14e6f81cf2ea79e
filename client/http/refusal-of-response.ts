import { type CapacityRefusal, DENIED_HEADER, REFUSAL_BYTES_MAX, readRefusal } from '../capacity-refusal.ts';

/** Why the mesh refused a call; `null` for an answer of the service. The Response can still be read. */
export async function refusalOfResponse(response: Response): Promise<CapacityRefusal | null> {
  const reason = response.headers.get(DENIED_HEADER);
  if (reason === null) return null;
  const { body } = response.bodyUsed ? { body: null } : response.clone();
  return readRefusal(reason, body === null ? '' : await startOf(body), response.headers.get('retry-after'));
}

/** As much of a body as a refusal could fill; the rest is not waited for. */
async function startOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  for (let bytes = 0; bytes <= REFUSAL_BYTES_MAX; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  // Settles only when the other copy of the body is done with too.
  void reader.cancel();
  return Buffer.concat(chunks).toString();
}
