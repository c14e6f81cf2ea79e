import { ceilShare } from './rounding.ts';

/** D_max levels of spill, nearest first (CONTRACT §D). */
export const GEO_LEVELS = ['instance', 'node', 'sub-zone', 'zone', 'region'] as const;
export type GeoLevel = (typeof GEO_LEVELS)[number];

/**
 * w_d = clip(5C − d, 0, 1): the share of level d that calls may use; null = all
 * of every level (CONTRACT §D).
 */
export const geoWeights = (geo: number | null): number[] =>
  GEO_LEVELS.map((_, d) => (geo === null ? 1 : Math.min(1, Math.max(0, GEO_LEVELS.length * geo - d))));

/** ⌈5C⌉: levels with w_d > 0. */
export const activeGeoLevels = (geo: number | null): number =>
  geo === null ? GEO_LEVELS.length : ceilShare(GEO_LEVELS.length * geo);

/** ⌈w_d·n_d⌉ endpoints per level, for n_d endpoints at level d as seen from the node. */
export const endpointsPerLevel = (geo: number | null, endpointCounts: readonly number[]): number[] =>
  geoWeights(geo).map((weight, d) => ceilShare(weight * (endpointCounts[d] ?? 0)));
