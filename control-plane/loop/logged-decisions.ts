import type { CapacityEventRecord } from '../../core/kernel/kernel-io.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KernelLogStore } from '../state/kernel-log-store.ts';
import { decisionId } from './event-ids.ts';

/** An event of a decision under the id that its leader gave it. */
export interface LoggedDecision {
  readonly event: CapacityEventRecord;
  readonly id: string;
}

/** Events wait no longer than this behind the record of their tick, else the store was away for both. */
const BEHIND_MAX_MS = 60_000;
/** The event stream knows ids for ten minutes: older ones could be there twice. */
const KNOWN_MS = 540_000;

/**
 * Events of the newest decisions in the kernel's log, oldest first. Their leader
 * may have died before it told all of them; told again, those that it told are
 * there once. A log that cannot be read only means that they stay untold.
 */
export async function loggedDecisions(
  log: Pick<KernelLogStore, 'newestWallMs' | 'read'>,
  wallMs: number,
  logger: Pick<Logger, 'warn'>,
): Promise<LoggedDecision[]> {
  const decisions: LoggedDecision[] = [];
  try {
    const newestMs = await log.newestWallMs();
    if (newestMs === null) return [];
    for await (const { record } of log.read(Math.max(newestMs - BEHIND_MAX_MS, wallMs - KNOWN_MS))) {
      if (record.kind !== 'tick') continue;
      const { run, tick, events } = record;
      decisions.push(...events.map((event, index) => ({ event, id: decisionId(run, tick, index + 1) })));
    }
  } catch (error) {
    logger.warn({ err: error }, 'decisions of the leader before cannot be read');
  }
  return decisions;
}
