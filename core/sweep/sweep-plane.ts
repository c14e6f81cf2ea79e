import type { PointResult } from './point-result.ts';
import type { SweepAxis } from './sweep-axis.ts';
import type { SweepMode, SweepPoint } from './sweep-points.ts';

export interface SweptPoint extends SweepPoint {
  readonly result: PointResult;
}

/** Points of a sweep as a picture shows them: columns to the right, rows upwards. */
export interface SweepPlane {
  /** What the other axes are held at; empty where there are none. */
  readonly title: string;
  readonly columnName: string;
  readonly columns: readonly string[];
  /** Empty where there is only one row. */
  readonly rowName: string;
  readonly rows: readonly string[];
  /** By row, then column; `null` = not evaluated. */
  readonly cells: readonly (readonly (SweptPoint | null)[])[];
}

/** The planes of a sweep: the first axis to the right, the second upwards, one plane for each combination of the others. */
export function sweepPlanes(axes: readonly SweepAxis[], mode: SweepMode, points: readonly SweptPoint[]): SweepPlane[] {
  const byIndex = new Map(points.map((point) => [point.index, point]));
  const [first, second, ...others] = axes;
  if (first === undefined) return [];
  if (mode === 'paired' || second === undefined) return [onlyRow(axes, byIndex)];
  const width = first.values.length;
  const height = second.values.length;
  const planes = others.reduce((product, { values }) => product * values.length, 1);
  return Array.from({ length: planes }, (_, plane) => ({
    title: heldAt(others, plane),
    columnName: first.name,
    columns: first.values.map(String),
    rowName: second.name,
    rows: second.values.map(String),
    cells: Array.from({ length: height }, (_, row) =>
      Array.from({ length: width }, (_, column) => byIndex.get((plane * height + row) * width + column) ?? null),
    ),
  }));
}

function onlyRow(axes: readonly SweepAxis[], byIndex: ReadonlyMap<number, SweptPoint>): SweepPlane {
  const count = axes[0]?.values.length ?? 0;
  const places = Array.from({ length: count }, (_, index) => index);
  return {
    title: '',
    columnName: axes.map(({ name }) => name).join('/'),
    columns: places.map((index) => axes.map(({ values }) => values[index]).join('/')),
    rowName: '',
    rows: [''],
    cells: [places.map((index) => byIndex.get(index) ?? null)],
  };
}

function heldAt(axes: readonly SweepAxis[], plane: number): string {
  let rest = plane;
  return axes
    .map(({ name, values }) => {
      const value = values[rest % values.length] ?? 0;
      rest = Math.floor(rest / values.length);
      return `${name} ${value}`;
    })
    .join(', ');
}
