import { Worker } from 'node:worker_threads';
import type { SweepTask } from '../../core/sweep/evaluate-point.ts';
import type { SweptPoint } from '../../core/sweep/sweep-plane.ts';
import type { SweepPoint } from '../../core/sweep/sweep-points.ts';

export interface RunPointsOptions {
  readonly task: SweepTask;
  readonly points: readonly SweepPoint[];
  /** Threads; at least 1. */
  readonly workers: number;
  /** Aborting ends all threads at once; points that were told of stay told. */
  readonly signal: AbortSignal;
  /** Called with each point as soon as it is evaluated, in no order. */
  readonly onPoint: (point: SweptPoint) => void;
}

/** Evaluates points on several threads. Resolves when all are done or the signal aborts; rejects when a thread fails. */
export async function runPoints({ task, points, workers, signal, onPoint }: RunPointsOptions): Promise<void> {
  const waiting = [...points].reverse();
  const threads = Array.from(
    { length: Math.min(workers, points.length) },
    () => new Worker(new URL('./sweep-worker.js', import.meta.url), { workerData: task }),
  );
  const endAll = (): Promise<unknown> => Promise.all(threads.map((thread) => thread.terminate()));
  const onAbort = (): void => void endAll();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (!signal.aborted) await Promise.all(threads.map((thread) => feed(thread, waiting, onPoint)));
  } finally {
    signal.removeEventListener('abort', onAbort);
    await endAll();
  }
}

/** Hands a thread one point after the other until none waits. */
function feed(thread: Worker, waiting: SweepPoint[], onPoint: (point: SweptPoint) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const point = waiting.pop();
      if (point === undefined) resolve();
      else thread.postMessage(point);
    };
    thread.on('message', (point: SweptPoint) => {
      try {
        onPoint(point);
        next();
      } catch (error) {
        reject(error);
      }
    });
    thread.once('error', reject);
    thread.once('exit', () => resolve());
    next();
  });
}
