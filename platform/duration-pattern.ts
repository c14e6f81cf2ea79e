/**
 * Regular expression (JSON Schema `pattern`) of the proto JSON of a duration, such as `"1.5s"`, between two
 * whole numbers of seconds, both included. Without bounds: of any duration.
 */
export function durationPattern(minSec?: number, maxSec?: number): string {
  if (minSec === undefined || maxSec === undefined) return String.raw`^-?[0-9]+(\.[0-9]{1,9})?s$`;
  const below = wholeNumbers(minSec, maxSec - 1).map((digits) => String.raw`${digits}(\.[0-9]{1,9})?`);
  return `^0*(${[...below, String.raw`${maxSec}(\.0{1,9})?`].join('|')})s$`;
}

/** Patterns that together match the whole numbers from `min` to `max`: blocks of equal leading digits. */
function wholeNumbers(min: number, max: number): string[] {
  const patterns: string[] = [];
  for (let from = min; from <= max; ) {
    let size = 1;
    while (from > 0 && from % (size * 10) === 0 && from + size * 10 - 1 <= max) size *= 10;
    const prefix = from / size;
    const first = prefix % 10;
    const last = Math.min(9, first + Math.floor((max - from + 1) / size) - 1);
    const leading = prefix >= 10 ? Math.floor(prefix / 10) : '';
    patterns.push(`${leading}[${first}-${last}]${'[0-9]'.repeat(Math.log10(size))}`);
    from += size * (last - first + 1);
  }
  return patterns;
}
