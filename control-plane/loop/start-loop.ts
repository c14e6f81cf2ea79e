import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ControlPlaneStore } from '../state/control-plane-store.ts';
import { sumGrants } from '../state/live-grants.ts';
import { EarlyFrames } from '../telemetry/early-frames.ts';
import { FrameFeed } from '../telemetry/frame-feed.ts';
import type { XdsServer } from '../xds/xds-server.ts';
import { AccountEvents } from './account-events.ts';
import { CheckpointSaver } from './checkpoint-saver.ts';
import { ConfigEvents } from './config-events.ts';
import { EffectRunner } from './effect-runner.ts';
import { followOrders } from './follow-orders.ts';
import { GrantWatch } from './grant-watch.ts';
import { KernelLog } from './kernel-log.ts';
import { KernelLoop, type TickReport } from './kernel-loop.ts';
import { RecordingFolder } from './recording-folder.ts';
import { type ResumedKernel, resumeKernel } from './resume-kernel.ts';

export interface LoopParts {
  readonly mesh: string;
  readonly connection: NatsConnection;
  readonly store: ControlPlaneStore;
  readonly xds: XdsServer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after every tick. */
  readonly onTick: (tick: TickReport) => void;
  readonly onPlan: () => void;
  /** Folder to record the kernel's inputs and events into. */
  readonly recordFolder?: string | undefined;
}

export interface RunningLoop {
  readonly kernel: KernelLoop;
  /** Telemetry frames that were refused. */
  droppedFrames(): number;
  /** Leases and events given up. */
  droppedEffects(): number;
  /** Stops ticking, then waits until the store has what is owed, for 2 s at most. */
  stop(): Promise<void>;
}

/** How often grants are looked at for those that have expired. */
const EXPIRY_INTERVAL_MS = 1000;
const DRAIN_MS = 2000;

/** Joins the kernel with the store, the nodes' frames and xDS, and lets it run. */
export async function startLoop(parts: LoopParts): Promise<RunningLoop> {
  const { mesh, connection, store, xds, clock, logger } = parts;
  const processId = randomUUID();
  let events = 0;
  const runner = new EffectRunner({
    xds,
    putLease: (lease) => store.leases.publish(lease),
    putEvent: (event, id) => store.events.publish(event, id),
    newId: () => `${processId}.${++events}`,
    logger,
  });
  const early = new EarlyFrames();
  const feed = new FrameFeed(connection, mesh, (frame) => early.take(frame), logger);
  const saver = new CheckpointSaver(store.checkpoints, logger);
  const log = new KernelLog(store.kernelLog, processId, logger);
  const recording = parts.recordFolder === undefined ? null : new RecordingFolder(parts.recordFolder, logger);
  const kernel = new KernelLoop({
    clock,
    logger,
    resumed: await resume(parts),
    observers: [log, saver, ...(recording === null ? [] : [recording])],
    run: (effect, origin) => {
      if (effect.kind === 'publish-plan') parts.onPlan();
      runner.run(effect, origin);
    },
    rollout: () => xds.nodes(),
    onTick: parts.onTick,
  });
  kernel.restoreLeases(await store.leases.stored(clock.wallMs(), logger));
  const grants = new GrantWatch(store.ledger, clock, (live) => kernel.setGrants(live));
  const configEvents = new ConfigEvents(store.events, clock, logger);
  const newestEventId = await store.events.newestMeshEventId();
  configEvents.start(store.config.view, newestEventId, (revision) => store.config.changedSince(revision));
  const unsubscribe = store.config.subscribe((view) => {
    if (!kernel.setConfig(view.config, view.revision)) runner.confirm(view.revision);
    configEvents.take(view);
  });
  const forgetOrders = followOrders(store.orders, kernel, configEvents);
  grants.refresh();
  early.passOn((frame) => kernel.acceptFrame(frame));
  const accountEvents = new AccountEvents(store.ledger, store.events, clock, logger);
  const expiry = setInterval(() => grants.refresh(), EXPIRY_INTERVAL_MS);
  kernel.start();
  return {
    kernel,
    droppedFrames: () => feed.refused + kernel.droppedFrames,
    droppedEffects: () => runner.dropped + log.dropped,
    stop: async () => {
      kernel.stop();
      clearInterval(expiry);
      unsubscribe();
      forgetOrders();
      feed.stop();
      grants.stop();
      await Promise.race([
        Promise.all([runner, accountEvents, configEvents, log, saver].map((writer) => writer.drained())),
        new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref()),
      ]);
      runner.stop();
      accountEvents.stop();
      configEvents.stop();
      log.stop();
      recording?.stop();
    },
  };
}

/** The kernel of the control plane before this one, as far as the store knows it. */
async function resume({ store, clock, logger }: LoopParts): Promise<ResumedKernel> {
  return resumeKernel({
    stored: await store.checkpoints.stored(logger),
    config: store.config.view.config,
    live: sumGrants(store.ledger.accounts(), clock.wallMs()),
    control: store.orders.orders.control,
    frames: store.frames,
    wallMs: () => clock.wallMs(),
    logger,
  });
}
