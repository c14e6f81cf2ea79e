import { setTimeout as delay } from 'node:timers/promises';
import type { AdminApi } from '../../demo/admin-api.ts';
import type { Clock } from '../../platform/clock.ts';
import { millisecondsOf } from '../../platform/protobuf-time.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { GateStatus } from '../../proto/gen/capmesh/v1/gates.ts';
import type { Incident } from './incident.ts';

const ACKNOWLEDGED_WITHIN_MS = 2_000;
const ASK_AGAIN_MS = 20;
const NEVER = { seconds: 0, nanos: 0 };

/**
 * Hears of failing gates and actions on the event stream and enters them into
 * the incident of their service, with the time at which the last node
 * acknowledged. Returns how to stop.
 */
export function followReactions(
  admin: AdminApi,
  clock: Clock,
  incidentAt: (service: string, atMs: number) => Incident | undefined,
): () => void {
  const failed = new Map<Incident, { readonly atMs: number; readonly ratio: number }>();
  const stream = admin.events();
  stream.on('data', (event: CapacityEvent) => {
    const atMs = millisecondsOf(event.timestamp ?? NEVER);
    const incident = incidentAt(event.service, atMs);
    if (incident === undefined) return;
    if (event.kind === 'gate' && event.message.startsWith(`${event.service}: fit `)) {
      const { fit } = event.gates ?? {};
      if (fit?.status === GateStatus.GATE_STATUS_FAIL) failed.set(incident, { atMs, ratio: fit.ratio ?? 0 });
    }
    const { actionTaken } = event;
    const cause = failed.get(incident);
    if (cause === undefined || actionTaken?.kind !== 'limit-concurrency' || actionTaken.phase !== 'started') return;
    acknowledgement(admin, clock, atMs)
      .then((acknowledgedMs) => {
        if (acknowledgedMs === null) return;
        incident.reaction ??= { ratio: cause.ratio, failedMs: cause.atMs, actedMs: atMs, acknowledgedMs };
      })
      .catch((error: unknown) => console.error(`incidents: ${String(error)}`));
  });
  // Cancelling ends it with an error; one that comes by itself leaves incidents without a reaction.
  stream.on('error', () => {});
  return () => stream.cancel();
}

/** When the last node held everything that was served from `sinceMs` on; `null` = not soon enough. */
async function acknowledgement(admin: AdminApi, clock: Clock, sinceMs: number): Promise<number | null> {
  const endMs = clock.monotonicMs() + ACKNOWLEDGED_WITHIN_MS;
  while (clock.monotonicMs() < endMs) {
    const { nodes } = await admin.status();
    const appliedMs = nodes.map(({ appliedAt, upToDate }) => (upToDate ? millisecondsOf(appliedAt ?? NEVER) : 0));
    if (appliedMs.length > 0 && appliedMs.every((atMs) => atMs >= sinceMs)) return Math.max(...appliedMs);
    await delay(ASK_AGAIN_MS);
  }
  return null;
}
