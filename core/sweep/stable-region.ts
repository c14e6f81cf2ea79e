import type { SweepPlane } from './sweep-plane.ts';

/** Whether the cells of a plane are stable, by row and column; `null` = not evaluated. */
export type StableCells = readonly (readonly (boolean | null)[])[];

/** A place in a plane, from 0. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** A side that two cells share, as corners: (0, 0) is the lower left corner of the first cell. */
export interface Side {
  readonly fromColumn: number;
  readonly fromRow: number;
  readonly toColumn: number;
  readonly toRow: number;
}

/** Which cells of a plane are stable. */
export const stableCells = ({ cells }: SweepPlane): StableCells =>
  cells.map((row) => row.map((point) => point?.result.stable ?? null));

/** The boundary of the stable region: every side with a stable cell on one hand and one that is not on the other. */
export function regionBoundary(cells: StableCells): Side[] {
  const differ = (a: boolean | null | undefined, b: boolean | null | undefined): boolean =>
    typeof a === 'boolean' && typeof b === 'boolean' && a !== b;
  return cells.flatMap((line, row) =>
    line.flatMap((cell, column): Side[] => [
      ...(differ(cell, line[column + 1])
        ? [{ fromColumn: column + 1, fromRow: row, toColumn: column + 1, toRow: row + 1 }]
        : []),
      ...(differ(cell, cells[row + 1]?.[column])
        ? [{ fromColumn: column, fromRow: row + 1, toColumn: column + 1, toRow: row + 1 }]
        : []),
    ]),
  );
}

/**
 * How many steps, to neighbours on the four sides, a cell is away from the nearest
 * cell of the other kind; 1 = it lies at the boundary. `null` where there is none.
 */
export function boundaryDistance(cells: StableCells, { row, column }: Cell): number | null {
  const own = cells[row]?.[column];
  if (typeof own !== 'boolean') return null;
  let nearest: number | null = null;
  for (const [r, line] of cells.entries()) {
    for (const [c, other] of line.entries()) {
      if (other === null || other === own) continue;
      const steps = Math.abs(r - row) + Math.abs(c - column);
      if (nearest === null || steps < nearest) nearest = steps;
    }
  }
  return nearest;
}

/** The cells of one kind at a distance from the boundary, row by row. */
export function cellsAtDistance(cells: StableCells, stable: boolean, distance: number): Cell[] {
  return cells.flatMap((line, row) =>
    line.flatMap((cell, column) =>
      cell === stable && boundaryDistance(cells, { row, column }) === distance ? [{ row, column }] : [],
    ),
  );
}
