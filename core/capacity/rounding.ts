/**
 * Shares are sums and products of decimal fractions, so 0.1 · 30 may come out
 * as 3.0000000000000004. Rounding forgives one part in 10⁹ so that such dust
 * never costs or grants a whole call. Values are ≥ 0.
 */
const DUST = 1e-9;

/** ⌊value⌋, where a value that misses the next integer by dust counts as that integer. */
export const floorShare = (value: number): number => Math.floor(value * (1 + DUST));

/** ⌈value⌉, where a value that exceeds an integer by dust counts as that integer; above 0 it is at least 1. */
export const ceilShare = (value: number): number => Math.ceil(value * (1 - DUST));
