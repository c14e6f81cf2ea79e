import { GATES, type GateName, type GateStatus } from '../../core/gates/gate-state.ts';
import type { PointResult } from '../../core/sweep/point-result.ts';
import type { SweepAxis } from '../../core/sweep/sweep-axis.ts';
import type { SweptPoint } from '../../core/sweep/sweep-plane.ts';
import { type SweepPoint, sweepPoints } from '../../core/sweep/sweep-points.ts';

/** A result whose gates pass at u 0.5 but for those named. */
export function pointResult(statuses: Partial<Record<GateName, GateStatus>> = {}): PointResult {
  const ratios: Readonly<Record<GateStatus, number | null>> = {
    PASS: 0.5,
    FAIL: 3,
    UNKNOWN: null,
    NOT_APPLICABLE: null,
  };
  const gates = Object.fromEntries(
    GATES.map((gate) => {
      const status = statuses[gate] ?? 'PASS';
      return [gate, { status, u: ratios[status], service: 'payment' }];
    }),
  ) as PointResult['gates'];
  const stable = Object.values(statuses).every((status) => status === 'PASS' || status === 'NOT_APPLICABLE');
  return { gates, stable, offeredRps: 100, goodputRps: 90, refusedShare: 0.1 };
}

/** The points of a grid, each with the result that a function gives it. */
export const sweptGrid = (axes: readonly SweepAxis[], resultAt: (point: SweepPoint) => PointResult): SweptPoint[] =>
  sweepPoints(axes, 'grid').map((point) => ({ ...point, result: resultAt(point) }));
