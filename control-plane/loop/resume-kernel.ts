import { setImmediate } from 'node:timers/promises';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { restoreKernel } from '../../core/kernel/checkpoint.ts';
import type { ActionControl } from '../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../core/kernel/kernel-state.ts';
import { step } from '../../core/kernel/step.ts';
import { TICK_INTERVAL_MAX_MS, TickTiming } from '../../core/kernel/tick-timing.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { Logger } from '../../platform/logger.ts';
import type { StoredCheckpoint } from '../state/checkpoint-store.ts';
import type { StoredFrame } from '../telemetry/stored-frames.ts';

/** Frames are kept this long. */
const FRAMES_KEPT_MS = 600_000;
/** Without a checkpoint this much is read again: enough for a model of every gate. */
const COLD_MS = 180_000;
/** What may have been on its way when the checkpoint was made. */
const OVERLAP_MS = 2000;
/** Edges times frames that are read again at most: bounds the time that a start takes. */
const EDGE_FRAMES_MAX = 200_000;

export interface ResumeInput {
  /** Of the leader that the kernel is for. */
  readonly epoch: number;
  readonly stored: StoredCheckpoint | null;
  readonly config: MeshConfig;
  readonly live: ReadonlyMap<string, CapacityVector>;
  /** Holds for a kernel that remembers nothing; one from a checkpoint is told after it has caught up, so that it tells what ends. */
  readonly control: ActionControl;
  readonly frames: (sinceWallMs: number) => AsyncIterable<StoredFrame>;
  readonly wallMs: () => number;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** A kernel and where its own time line stands now. */
export interface ResumedKernel {
  readonly state: KernelState;
  readonly nowMs: number;
}

/**
 * The kernel of a control plane that starts: what it remembered, brought up to
 * now with the frames that came meanwhile. Its time goes on as if it had never
 * been away; what it would have done meanwhile is not done. Whatever is missing
 * or unreadable only means that less is remembered.
 */
export async function resumeKernel(input: ResumeInput): Promise<ResumedKernel> {
  const { logger } = input;
  const frames = await newestFrames(input);
  const restored = restore(input);
  try {
    const resumed = await catchUp(input, restored, frames);
    logger.info({ fromCheckpoint: restored !== null, frames: frames.length }, 'the kernel goes on');
    return resumed;
  } catch (error) {
    logger.warn({ err: error }, 'the kernel cannot go on and starts anew');
    return await catchUp(input, null, []);
  }
}

interface Restored {
  readonly state: KernelState;
  readonly stored: StoredCheckpoint;
}

function restore({ stored, config, logger, epoch }: ResumeInput): Restored | null {
  if (stored === null) return null;
  const kernel = restoreKernel(stored.checkpoint, epoch);
  if (kernel.ok && kernel.state.config?.mesh === config.mesh) return { state: kernel.state, stored };
  logger.warn({ problem: kernel.ok ? 'it is of another mesh' : kernel.problem }, 'the stored checkpoint is not used');
  return null;
}

/** The store being slow or away costs the frames, not the start. */
async function newestFrames({ stored, frames, wallMs, logger }: ResumeInput): Promise<StoredFrame[]> {
  const sinceMs = stored === null ? COLD_MS : Math.min(FRAMES_KEPT_MS, wallMs() - stored.wallMs + OVERLAP_MS);
  const read: StoredFrame[] = [];
  let edges = 0;
  try {
    for await (const stored of frames(wallMs() - sinceMs)) {
      read.push(stored);
      edges += stored.frame.edges.length;
      while (edges > EDGE_FRAMES_MAX) edges -= read.shift()?.frame.edges.length ?? edges;
    }
  } catch (error) {
    logger.warn({ err: error }, 'stored frames cannot be read');
  }
  return read;
}

/** Lets others have their turn after every tick: a leader that does not renew meanwhile would be none any more. */
async function catchUp(
  { config, live, control, wallMs, epoch }: ResumeInput,
  restored: Restored | null,
  frames: readonly StoredFrame[],
): Promise<ResumedKernel> {
  const state = restored?.state ?? createKernel(epoch);
  const endWallMs = wallMs();
  const first = frames[0]?.wallMs ?? endWallMs;
  const origin = restored?.stored ?? { wallMs: Math.min(first, endWallMs), nowMs: 0 };
  const nowAt = (atWallMs: number): number => origin.nowMs + Math.max(0, Math.min(atWallMs, endWallMs) - origin.wallMs);
  const startMs = Math.max(nowAt(origin.wallMs), nowAt(endWallMs) - FRAMES_KEPT_MS);
  const timing = new TickTiming(startMs);
  let tickedMs = startMs;
  const tick = async (nowMs: number): Promise<void> => {
    tickedMs = nowMs;
    timing.ticked(nowMs);
    step(state, { kind: 'tick', nowMs, wallMs: origin.wallMs + nowMs - origin.nowMs });
    await setImmediate();
  };
  const tickUntil = async (nowMs: number): Promise<void> => {
    while (tickedMs + TICK_INTERVAL_MAX_MS <= nowMs) await tick(tickedMs + TICK_INTERVAL_MAX_MS);
  };
  step(state, { kind: 'config', config });
  step(state, { kind: 'grants', live });
  if (restored === null) step(state, { kind: 'action-control', control });
  for (const stored of frames) {
    const nowMs = Math.max(tickedMs, nowAt(stored.wallMs));
    await tickUntil(nowMs);
    step(state, { kind: 'frame', frame: stored.frame, nowMs });
    if (stored.frame.part === stored.frame.parts - 1) timing.frameArrived(stored.frame.node, nowMs);
    if (timing.isDue(nowMs)) await tick(nowMs);
  }
  await tickUntil(nowAt(endWallMs));
  return { state, nowMs: nowAt(endWallMs) };
}
