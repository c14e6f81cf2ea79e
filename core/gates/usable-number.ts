/** A number that can be counted or measured: finite and not negative (MATHS §B8). */
export const isAmount = (value: number): boolean => value >= 0 && value < Number.POSITIVE_INFINITY;

/** A threshold or a rate that may stand in a denominator: finite and above 0. */
export const isPositive = (value: number): boolean => value > 0 && value < Number.POSITIVE_INFINITY;

/** A level of the capacity vector: within [0, 1], or `null` for none. */
export const isLevel = (value: number | null): boolean => value === null || (value >= 0 && value <= 1);
