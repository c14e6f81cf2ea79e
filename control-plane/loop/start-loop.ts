import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { NodeRollout } from '../../core/kernel/kernel-io.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import type { MeshReports } from '../leader/mesh-reports.ts';
import type { ControlPlaneStore } from '../state/control-plane-store.ts';
import { sumGrants } from '../state/live-grants.ts';
import { EarlyFrames } from '../telemetry/early-frames.ts';
import { FrameFeed } from '../telemetry/frame-feed.ts';
import { AccountEvents } from './account-events.ts';
import { CheckpointSaver } from './checkpoint-saver.ts';
import { EffectRunner } from './effect-runner.ts';
import { EventIds } from './event-ids.ts';
import { followOrders } from './follow-orders.ts';
import { GrantWatch } from './grant-watch.ts';
import { KernelLog } from './kernel-log.ts';
import { KernelLoop, type TickReport } from './kernel-loop.ts';
import { loggedDecisions } from './logged-decisions.ts';
import { PlanWriter } from './plan-writer.ts';
import { RecordingFolder } from './recording-folder.ts';
import { ReportSender } from './report-sender.ts';
import { type ResumedKernel, resumeKernel } from './resume-kernel.ts';

export interface LoopParts {
  readonly mesh: string;
  readonly connection: NatsConnection;
  readonly store: ControlPlaneStore;
  /** How far every node of the mesh has got with what it is served. */
  readonly rollout: () => readonly NodeRollout[];
  /** Where the kernel's memory is reported to, and whether anybody hears it. */
  readonly reports: Pick<MeshReports, 'send'>;
  readonly isHeard: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after every tick. */
  readonly onTick: (tick: TickReport) => void;
  readonly onPlan: () => void;
  /** Told of the newest event of an account that is in the stream, by its number. */
  readonly onPublished: (workload: string, number: number) => void;
  /** Folder to record the kernel's inputs and events into. */
  readonly recordFolder?: string | undefined;
}

export interface RunningLoop {
  readonly kernel: KernelLoop;
  /** Telemetry frames that were refused. */
  droppedFrames(): number;
  /** Leases and events given up. */
  droppedEffects(): number;
  /** Stops ticking; what is owed to the store is given `drainMs` to get there. */
  stop(drainMs: number): Promise<void>;
}

/** How often grants are looked at for those that have expired. */
const EXPIRY_INTERVAL_MS = 1000;

/** Joins the kernel with the store and the nodes' frames, and lets it run: what the leader does for as long as it leads. */
export async function startLoop(parts: LoopParts, writes: LeaderWrites): Promise<RunningLoop> {
  const { mesh, connection, store, clock, logger } = parts;
  const runId = randomUUID();
  const ids = new EventIds(runId);
  const plans = new PlanWriter(store.plans, writes, logger);
  const runner = new EffectRunner({
    plans,
    putLease: (lease) => store.leases.publish(lease, writes),
    putEvent: (event, id) => store.events.publish(event, id, writes),
    newId: () => ids.next(),
    logger,
  });
  for (const decision of await loggedDecisions(store.kernelLog, clock.wallMs(), logger)) runner.retell(decision);
  const early = new EarlyFrames();
  const feed = new FrameFeed(connection, mesh, (frame) => early.take(frame), logger);
  const saver = new CheckpointSaver({ put: (checkpoint) => store.checkpoints.put(checkpoint, writes) }, logger);
  const log = new KernelLog({ publish: (record) => store.kernelLog.publish(record, writes) }, runId, logger);
  const recording = parts.recordFolder === undefined ? null : new RecordingFolder(parts.recordFolder, logger);
  const kernel = new KernelLoop({
    clock,
    logger,
    resumed: await resume(parts, writes.epoch),
    observers: [
      ids,
      log,
      saver,
      new ReportSender(parts.reports, parts.isHeard),
      ...(recording === null ? [] : [recording]),
    ],
    run: (effect, origin) => {
      if (effect.kind === 'publish-plan') parts.onPlan();
      runner.run(effect, origin);
    },
    rollout: parts.rollout,
    onTick: parts.onTick,
  });
  kernel.restoreLeases(await store.leases.stored(clock.wallMs(), logger));
  const grants = new GrantWatch(store.ledger, clock, (live) => kernel.setGrants(live));
  const unsubscribe = store.config.subscribe(({ config, revision }) => {
    if (!kernel.setConfig(config, revision)) plans.confirm(revision);
  });
  const forgetOrders = followOrders(store.orders, kernel);
  grants.refresh();
  early.passOn((frame) => kernel.acceptFrame(frame));
  const accountEvents = new AccountEvents({
    ledger: store.ledger,
    series: (workload) => store.events.grants(workload),
    append: (parts) => {
      // Others than the leader would only be in its way.
      writes.require();
      return store.events.append(parts);
    },
    onPublished: parts.onPublished,
    clock,
    logger,
  });
  const expiry = setInterval(() => grants.refresh(), EXPIRY_INTERVAL_MS);
  kernel.start();
  return {
    kernel,
    droppedFrames: () => feed.refused + kernel.droppedFrames,
    droppedEffects: () => runner.dropped + log.dropped,
    stop: async (drainMs) => {
      kernel.stop();
      clearInterval(expiry);
      unsubscribe();
      forgetOrders();
      feed.stop();
      grants.stop();
      await Promise.race([
        Promise.all([runner, plans, accountEvents, log, saver].map((writer) => writer.drained())),
        new Promise((resolve) => setTimeout(resolve, drainMs).unref()),
      ]);
      plans.stop();
      runner.stop();
      accountEvents.stop();
      log.stop();
      recording?.stop();
    },
  };
}

/** The kernel of the leader before this one, as far as the store knows it. */
async function resume({ store, clock, logger }: LoopParts, epoch: number): Promise<ResumedKernel> {
  return resumeKernel({
    epoch,
    stored: await store.checkpoints.stored(logger),
    config: store.config.view.config,
    live: sumGrants(store.ledger.accounts(), clock.wallMs()),
    control: store.orders.orders.control,
    frames: store.frames,
    wallMs: () => clock.wallMs(),
    logger,
  });
}
