/** No edge is so closely coupled that a single failed call in ten would not be borne. */
const THRESHOLD_MIN = 0.1;

/**
 * Share of an endpoint's calls that may fail before an edge leaves it out:
 * max(0.1, 1 − C_int), a null counting 1 (MATHS B5). The more an edge leans on a
 * service, the less it bears.
 */
export const errorThreshold = (int: number | null): number => Math.max(THRESHOLD_MIN, 1 - (int ?? 1));
