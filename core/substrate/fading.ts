/**
 * 2^(−t/half-life): what is left after `t` of what was seen before. The newest
 * answer is remembered, for all edges ask for the same tick.
 */
export function fading(halfLifeSec: number): (sec: number) => number {
  let [knownSec, kept] = [0, 1];
  return (sec) => {
    if (sec !== knownSec) [knownSec, kept] = [sec, 2 ** (-sec / halfLifeSec)];
    return kept;
  };
}
