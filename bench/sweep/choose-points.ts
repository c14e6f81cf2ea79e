import { type Cell, cellsAtDistance, stableCells } from '../../core/sweep/stable-region.ts';
import type { SweepPlane, SweptPoint } from '../../core/sweep/sweep-plane.ts';

/**
 * Points on both sides of the boundary of the stable region, `cellsOff` whole cells
 * away from it: so many stable ones and as many at which a gate fails, drawn without
 * looking at them. Throws where there are not enough.
 *
 * @param random uniform in [0, 1)
 */
export function choosePoints(
  plane: SweepPlane,
  cellsOff: number,
  eachSide: number,
  random: () => number,
): SweptPoint[] {
  const cells = stableCells(plane);
  const pointAt = ({ row, column }: Cell): SweptPoint | null => plane.cells[row]?.[column] ?? null;
  return [true, false].flatMap((stable) => {
    const candidates = cellsAtDistance(cells, stable, cellsOff + 1)
      .map(pointAt)
      .filter((point): point is SweptPoint => point !== null && (stable || failsAGate(point)));
    if (candidates.length < eachSide) {
      throw new Error(`only ${candidates.length} ${stable ? 'stable' : 'unstable'} points lie ${cellsOff} cells off`);
    }
    return drawn(candidates, eachSide, random);
  });
}

/** Where a gate is merely not known yet, nothing can be compared. */
const failsAGate = ({ result }: SweptPoint): boolean =>
  Object.values(result.gates).some(({ status }) => status === 'FAIL');

function drawn<T>(from: readonly T[], count: number, random: () => number): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}
