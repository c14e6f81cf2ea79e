import type { AdminApi } from '../../demo/admin-api.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { GateStatus } from '../../proto/gen/capmesh/v1/gates.ts';

/** Something that the isolation gate said or did, and when it was heard of. */
export interface IsolationNews {
  readonly atMs: number;
  /** `FAIL`, or the kind of an action and how it began or ended. */
  readonly what: string;
  /** Whose load it is put down to. */
  readonly whom: string;
}

/** Listens to the events of a mesh until stopped. */
export function followIsolation(admin: AdminApi): { readonly seen: readonly IsolationNews[]; stop(): void } {
  const seen: IsolationNews[] = [];
  const events = admin.events();
  events.on('error', () => {});
  events.on('data', (event: CapacityEvent) => {
    const news = newsOf(event);
    if (news !== null) seen.push({ atMs: performance.now(), ...news });
  });
  return { seen, stop: () => events.cancel() };
}

function newsOf({ kind, gates, actionTaken }: CapacityEvent): Omit<IsolationNews, 'atMs'> | null {
  if (actionTaken?.gate === 'isolation') {
    const { kind: action, phase, endCause, target } = actionTaken;
    return { what: `${action} ${phase === 'ended' ? endCause : phase}`, whom: target };
  }
  const verdict = gates?.isolation;
  if (kind !== 'gate' || verdict?.status !== GateStatus.GATE_STATUS_FAIL) return null;
  return { what: 'FAIL', whom: verdict.worst };
}
