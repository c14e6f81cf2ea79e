import { setTimeout as sleep } from 'node:timers/promises';
import type { Invocation } from '../context.ts';
import { withAdmin } from '../grpc-connection.ts';

const WAIT_MS = 10_000;
const ASK_AGAIN_MS = 50;
/** A node that reports has sent a frame within this time. */
const FRESH_FRAME_MS = 3000;

/**
 * Waits until every node has its Envoy connected and its sidecar reporting, for
 * 10 s at most: only then does an edit reach both at once.
 */
export function waitForNodes(call: Invocation<unknown>, count: number): Promise<void> {
  const { clock, signal } = call.context;
  const endMs = clock.monotonicMs() + WAIT_MS;
  return withAdmin(call, async (admin) => {
    for (;;) {
      const { nodes } = await admin.call(admin.client.getStatus, {});
      const working = nodes.filter((node) => node.connected && node.frameAgeMs < FRESH_FRAME_MS);
      if (working.length >= count || clock.monotonicMs() >= endMs) return;
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    }
  });
}
