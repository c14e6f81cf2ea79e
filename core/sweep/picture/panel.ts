import { regionBoundary, type StableCells } from '../stable-region.ts';
import type { SweepPlane, SweptPoint } from '../sweep-plane.ts';
import { inkOn } from './margin-colour.ts';
import { element, group, rect, text } from './svg.ts';

const CELL_MAX = 46;
const CELL_MIN = 6;
const SIDE_WANTED = 330;
/** A cell this wide holds a number. */
const CELL_WITH_TEXT = 26;
/** One tick label needs so much room. */
const TICK_WIDTH = 30;
const TICK_HEIGHT = 14;
const ROW_LABEL_WIDTH = 56;
const TITLE_HEIGHT = 24;
const COLUMN_LABEL_HEIGHT = 44;
const BOUNDARY_WIDTH = 3;
const NOT_EVALUATED = { fill: 'none', stroke: '#c0c0c0' };

/** Axes in words; those that are taken together keep their names. */
const AXIS_WORDS: Readonly<Record<string, string>> = {
  geo: 'geo: how far calls may spill',
  int: "int: share of the service's rate",
  gauge: 'gauge: shorter leases',
  ptr: 'ptr: share of its calls in flight',
  obs: 'obs: share of tracing and logs',
  load: 'load: times the calls offered',
};

/** How one cell is drawn. */
export interface CellLook {
  readonly colour: string;
  readonly label: string;
}

export interface PanelSize {
  readonly cell: number;
  readonly width: number;
  readonly height: number;
}

/** Sizes of a panel, px; cells are as large as the place for their number allows. */
export function panelSize({ columns, rows }: SweepPlane): PanelSize {
  const cell = Math.max(CELL_MIN, Math.min(CELL_MAX, Math.floor(SIDE_WANTED / Math.max(columns.length, rows.length))));
  return {
    cell,
    width: ROW_LABEL_WIDTH + cell * columns.length + 24,
    height: TITLE_HEIGHT + cell * rows.length + COLUMN_LABEL_HEIGHT,
  };
}

/** One heat map with its title, ticks, axis names and the boundary of the stable region. */
export function panel(
  title: string,
  plane: SweepPlane,
  stable: StableCells,
  lookOf: (point: SweptPoint) => CellLook,
): string {
  const { cell } = panelSize(plane);
  const [left, top] = [ROW_LABEL_WIDTH, TITLE_HEIGHT];
  const [width, height] = [cell * plane.columns.length, cell * plane.rows.length];
  const lowerEdge = top + height;
  const placed = plane.cells.flatMap((line, row) =>
    line.map((point, column) => ({
      x: left + column * cell,
      y: lowerEdge - (row + 1) * cell,
      look: point === null ? null : lookOf(point),
    })),
  );
  const cells = placed.map(({ x, y, look }) =>
    rect(x, y, cell, cell, { class: 'cell', ...(look === null ? NOT_EVALUATED : { fill: look.colour }) }),
  );
  const labels = placed.flatMap(({ x, y, look }) =>
    look === null || look.label === '' || cell < CELL_WITH_TEXT
      ? []
      : [text(x + cell / 2, y + cell / 2 + 4, look.label, { fill: inkOn(look.colour) })],
  );
  const sides = regionBoundary(stable).map(
    (side) =>
      `M${left + side.fromColumn * cell} ${lowerEdge - side.fromRow * cell}L${left + side.toColumn * cell} ${lowerEdge - side.toRow * cell}`,
  );
  const boundary = { d: sides.join(''), stroke: '#000000', 'stroke-width': BOUNDARY_WIDTH, 'stroke-linecap': 'square' };
  return group({ class: 'panel' }, [
    text(left, top - 9, title, { 'font-weight': 'bold' }),
    group({ stroke: '#ffffff', 'stroke-width': 0.5 }, cells),
    group({ 'text-anchor': 'middle', 'font-size': 11 }, labels),
    rect(left, top, width, height, { fill: 'none', stroke: '#606060' }),
    ...(sides.length === 0 ? [] : [element('path', { class: 'boundary', fill: 'none', ...boundary })]),
    ...columnTicks(plane, left, lowerEdge, cell),
    ...rowTicks(plane, left, lowerEdge, cell),
  ]);
}

function columnTicks({ columns, columnName }: SweepPlane, left: number, lowerEdge: number, cell: number): string[] {
  const widest = Math.max(TICK_WIDTH, 7 * Math.max(...columns.map((label) => label.length)));
  const every = Math.ceil(widest / cell);
  const ticks = columns.flatMap((label, i) => {
    if (i % every !== 0) return [];
    const x = left + (i + 0.5) * cell;
    return [tick(x, lowerEdge, x, lowerEdge + 4), text(x, lowerEdge + 16, label, { 'text-anchor': 'middle' })];
  });
  const middle = left + (cell * columns.length) / 2;
  return [
    ...ticks,
    text(middle, lowerEdge + 34, AXIS_WORDS[columnName] ?? columnName, { class: 'axis', 'text-anchor': 'middle' }),
  ];
}

function rowTicks({ rows, rowName }: SweepPlane, left: number, lowerEdge: number, cell: number): string[] {
  if (rowName === '') return [];
  const every = Math.ceil(TICK_HEIGHT / cell);
  const ticks = rows.flatMap((label, i) => {
    if (i % every !== 0) return [];
    const y = lowerEdge - (i + 0.5) * cell;
    return [tick(left - 4, y, left, y), text(left - 8, y + 4, label, { 'text-anchor': 'end' })];
  });
  const [x, y] = [left - 42, lowerEdge - (cell * rows.length) / 2];
  const upright = { class: 'axis', 'text-anchor': 'middle', transform: `rotate(-90 ${x} ${y})` };
  return [...ticks, text(x, y, AXIS_WORDS[rowName] ?? rowName, upright)];
}

const tick = (x1: number, y1: number, x2: number, y2: number): string =>
  element('line', { class: 'tick', x1, y1, x2, y2, stroke: '#606060' });
