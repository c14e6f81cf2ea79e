import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminClient, Rollout } from '../proto/gen/capmesh/v1/admin_service.ts';
import type { CliContext } from './context.ts';
import type { Connection } from './grpc-connection.ts';

const WAIT_MS = 5_000;
const ASK_AGAIN_MS = 20;

/**
 * Asks until a revision has been acknowledged by every connected node or refused
 * by one, for 5 s at most. Answers how far it got; `undefined` when the control
 * plane has not begun to roll it out.
 */
export async function waitForRollout(
  admin: Connection<AdminClient>,
  revision: number,
  { clock, signal }: Pick<CliContext, 'clock' | 'signal'>,
): Promise<Rollout | undefined> {
  const endMs = clock.monotonicMs() + WAIT_MS;
  for (;;) {
    const { lastEdit } = await admin.call(admin.client.getStatus, {});
    const rollout = lastEdit !== undefined && lastEdit.revision >= revision ? lastEdit : undefined;
    if (rollout !== undefined && isSettled(rollout)) return rollout;
    if (clock.monotonicMs() >= endMs) return rollout;
    await sleep(ASK_AGAIN_MS, undefined, { signal });
  }
}

const isSettled = ({ nodesApplied, nodesTotal, nacks }: Rollout): boolean =>
  nodesApplied === nodesTotal || nacks.length > 0;
