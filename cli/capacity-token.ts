import { readClaims } from '../core/token/read-claims.ts';
import { readToken } from '../core/token/read-token.ts';
import { secondsAndNanos } from '../platform/protobuf-time.ts';
import { writePrivate } from '../platform/write-private.ts';
import type { CapacityVector } from '../proto/gen/capmesh/v1/capacity.ts';
import type { RequestCapacityRequest, RequestCapacityResponse } from '../proto/gen/capmesh/v1/capacity_service.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { CliContext, Invocation } from './context.ts';
import { withCapacity } from './grpc-connection.ts';
import { formatNumber } from './output/format-number.ts';
import { readIfExists } from './state-folder.ts';
import { readTokenFile } from './token-file.ts';

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
  const request = { workloadId: workload, capacityVector: vector, duration: durationMessage(durationMs) };
  return await withCapacity(call, workload, async (capacity) =>
    admitted(await capacity.call(capacity.client.requestCapacity, request)),
  );
}

/** Asks for a grant in the place of another; throws as `requestToken` does. */
export async function renewToken(
  call: Invocation<unknown>,
  workload: string,
  grantId: string,
  { vector, durationMs }: { readonly vector: CapacityVector | undefined; readonly durationMs: number | undefined },
): Promise<RequestCapacityResponse> {
  const request = { workloadId: workload, grantId, capacityVector: vector, duration: durationMessage(durationMs) };
  return await withCapacity(call, workload, async (capacity) =>
    admitted(await capacity.call(capacity.client.renewCapacity, request)),
  );
}

/** The grant that a command line names: its id, or `-` for the token on stdin. Throws on a token, which is a secret. */
export function grantNamed(context: CliContext, text: string): string {
  if (text === '-') return grantOfToken(readTokenFile(context, '-'));
  if (!text.includes('.')) return text;
  throw new CliError(
    EXIT.usage,
    'no command line holds a token, which is a secret',
    'Give it on stdin, with - in its place, or the id of its grant.',
  );
}

/** Throws on what is no token of ours. */
function grantOfToken(text: string): string {
  const token = readToken(text);
  const claims = token.ok ? readClaims(token.value.payload) : token;
  if (!claims.ok) throw new CliError(EXIT.usage, `not a capacity token: ${claims.message}`);
  return claims.value.jti;
}

function admitted(answer: RequestCapacityResponse): RequestCapacityResponse {
  if (!answer.admitted) throw new CliError(EXIT.refused, `not admitted: ${whyNot(answer)}`);
  return answer;
}

const durationMessage = (ms: number | undefined): RequestCapacityRequest['duration'] =>
  ms === undefined ? undefined : secondsAndNanos(ms);

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
