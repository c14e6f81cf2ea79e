/** n points from lo to hi, evenly spaced in ln x; both ends exact. Throws a RangeError unless 0 < lo, 0 < hi and n ≥ 2. */
export function geometricGrid(lo: number, hi: number, points: number): number[] {
  if (!(lo > 0 && hi > 0)) throw new RangeError(`lo, hi: must be > 0, got ${lo} and ${hi}`);
  return spaced(points, lo, hi, (share) => lo * (hi / lo) ** share);
}

/** n points from lo to hi, evenly spaced; both ends exact. Throws a RangeError unless n ≥ 2. */
export const linearGrid = (lo: number, hi: number, points: number): number[] =>
  spaced(points, lo, hi, (share) => lo + share * (hi - lo));

function spaced(points: number, lo: number, hi: number, at: (share: number) => number): number[] {
  if (!Number.isInteger(points) || points < 2)
    throw new RangeError(`points: must be a whole number >= 2, got ${points}`);
  return Array.from({ length: points }, (_, i) => {
    if (i === 0) return lo;
    return i === points - 1 ? hi : at(i / (points - 1));
  });
}
