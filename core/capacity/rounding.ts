/**
 * Shares are sums and products of decimal fractions, so 0.1 · 30 may come out
 * as 3.0000000000000004. Rounding forgives one part in 10⁹ so that such dust
 * never costs or grants a whole call.
 */
const RELATIVE_DUST = 1e-9;

const dust = (value: number): number => RELATIVE_DUST * Math.max(1, Math.abs(value));

/** ⌊value⌋, where a value that misses the next integer by dust counts as that integer. */
export const floorShare = (value: number): number => Math.floor(value + dust(value));

/** ⌈value⌉, where a value that exceeds an integer by dust counts as that integer. */
export const ceilShare = (value: number): number => Math.ceil(value - dust(value));
