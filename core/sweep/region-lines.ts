import { failingLetters, type PointResult } from './point-result.ts';
import type { SweepPlane } from './sweep-plane.ts';

/** What the characters of a plane mean. */
export const REGION_KEY =
  '# stable   F G U I the gate that fails: fit, gluing, uv, isolation   ? not known   . not evaluated';

/** A plane as characters: rows upwards as in the picture, and how many points of each row are stable. */
export function regionLines({ title, columnName, columns, rowName, rows, cells }: SweepPlane): string[] {
  const width = Math.max(...columns.map((label) => label.length)) + 1;
  const margin = Math.max(rowName.length, ...rows.map((label) => label.length)) + 1;
  const lines = rows.map((label, row) => {
    const line = cells[row] ?? [];
    const marks = line.map((point) => markOf(point?.result).padStart(width)).join('');
    const stable = line.filter((point) => point?.result.stable).length;
    return `${label.padStart(margin)} ${marks}   ${stable} of ${line.length}`;
  });
  return [
    ...(title === '' ? [] : [title]),
    `${rowName.padStart(margin)}`,
    ...lines.reverse(),
    `${''.padStart(margin)} ${columns.map((label) => label.padStart(width)).join('')}   ${columnName}`,
  ].filter((line) => line.trim() !== '');
}

/** One character: stable, the first gate that failed, or not known. */
function markOf(result: PointResult | undefined): string {
  if (result === undefined) return '.';
  return result.stable ? '#' : failingLetters(result).charAt(0) || '?';
}
