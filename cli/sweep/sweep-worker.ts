/** Thread that evaluates points of a sweep one at a time: a point comes in, its result goes out. */
import { parentPort, workerData } from 'node:worker_threads';
import { evaluatePoint, type SweepTask } from '../../core/sweep/evaluate-point.ts';
import type { SweptPoint } from '../../core/sweep/sweep-plane.ts';
import type { SweepPoint } from '../../core/sweep/sweep-points.ts';

const task = workerData as SweepTask;
parentPort?.on('message', (point: SweepPoint) => {
  const answer: SweptPoint = { ...point, result: evaluatePoint(task, point) };
  parentPort?.postMessage(answer);
});
