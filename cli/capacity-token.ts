import type { CapacityVector } from '../proto/gen/capmesh/v1/capacity.ts';
import type { RequestCapacityResponse } from '../proto/gen/capmesh/v1/capacity_service.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Invocation } from './context.ts';
import { withCapacity } from './grpc-connection.ts';
import { formatNumber } from './output/format-number.ts';
import { readIfExists, writePrivate } from './state-folder.ts';

/** A cached token is used as long as it stays valid for this time, ms. */
const SPARE_MS = 5_000;

interface CachedToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** Asks for a grant; throws with the binding axes and what is available when it is not admitted. */
export async function requestToken(
  call: Invocation<unknown>,
  workload: string,
  vector: CapacityVector | undefined,
  durationMs: number | undefined,
): Promise<RequestCapacityResponse> {
  const duration =
    durationMs === undefined
      ? undefined
      : { seconds: Math.floor(durationMs / 1000), nanos: Math.round((durationMs % 1000) * 1e6) };
  const answer = await withCapacity(call, workload, (capacity) =>
    capacity.call(capacity.client.requestCapacity, { workloadId: workload, capacityVector: vector, duration }),
  );
  if (!answer.admitted) throw new CliError(EXIT.refused, `not admitted: ${whyNot(answer)}`);
  return answer;
}

/** The cached token of a workload, or a new one without a vector: it may use whatever its budgets say. */
export async function cachedToken(call: Invocation<unknown>, workload: string): Promise<string> {
  const file = call.state.tokenFile(workload);
  const text = readIfExists(file);
  const cached = text === null ? null : (JSON.parse(text) as CachedToken);
  if (cached !== null && cached.expiresAtMs - SPARE_MS > call.context.clock.wallMs()) return cached.token;
  return freshToken(call, workload);
}

/** A new token, which replaces the cached one. */
export async function freshToken(call: Invocation<unknown>, workload: string): Promise<string> {
  const { capacityToken: token, expiresAt } = await requestToken(call, workload, undefined, undefined);
  const entry: CachedToken = { token, expiresAtMs: (expiresAt?.seconds ?? 0) * 1000 };
  writePrivate(call.state.tokenFile(workload), JSON.stringify(entry));
  return token;
}

function whyNot(answer: RequestCapacityResponse): string {
  const { message, bindingAxes, gatesFailed, available } = answer;
  const parts = [message];
  if (gatesFailed.length > 0) parts.push(`failing gates: ${gatesFailed.join(', ')}`);
  if (bindingAxes.length > 0) parts.push(`exhausted: ${bindingAxes.join(', ')}`);
  if (available !== undefined) parts.push(`available: ${vectorText(available)}`);
  return parts.filter((part) => part !== '').join('; ');
}

function vectorText(vector: CapacityVector): string {
  const axes = [
    ['geo', vector.cGeo],
    ['int', vector.cInt],
    ['gauge', vector.cGauge],
    ['ptr', vector.cPtr],
    ['obs', vector.cObs],
  ] as const;
  return axes.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${formatNumber(value)}`])).join(', ');
}
