import type { Answer } from '../http/answer.ts';
import { ConnectionPool } from '../http/connection-pool.ts';
import { requestBytes } from '../http/request-bytes.ts';

/** Calls under way to one service at the same time; more fail at once. */
const IN_FLIGHT_MAX = 2048;
/** Longer than any route's time-out, so that the mesh answers first. */
const TIMEOUT_MS = 3_000;

/** Calls one service through the mesh, in the name of the workload that `headers` identifies. */
export type MeshCaller = () => Promise<Answer>;

export function meshCaller(
  mesh: { readonly host: string; readonly port: number },
  service: string,
  headers: () => Readonly<Record<string, string>>,
): MeshCaller {
  const pool = new ConnectionPool({ ...mesh, inFlightMax: IN_FLIGHT_MAX, timeoutMs: TIMEOUT_MS });
  const request = requestBytes(service, headers);
  return () =>
    new Promise((resolve) => {
      if (!pool.send(request(), resolve)) resolve({ kind: 'failed', cause: 'too-many-calls' });
    });
}
