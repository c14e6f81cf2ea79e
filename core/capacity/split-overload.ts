import { at } from '../at.ts';
import { floorShare } from './rounding.ts';
import { waterFill } from './water-fill.ts';

/** Share of its N_e that even the lowest class keeps (CONTRACT §G). */
const SHED_FLOOR = 0.1;
/** Growth that an edge is allowed beyond what it needed lately, as limits do with offered rates. */
const NEED_HEADROOM = 1.25;

/** One edge of an overloaded service. Calls in flight. */
export interface OverloadShare {
  /** 0 is cut first. */
  readonly prio: number;
  readonly weight: number;
  /** The N_e it has when nothing is shed. */
  readonly steady: number;
  /** Never more than this; at least 1. */
  readonly ceiling: number;
  /** Mean calls in flight that it needed lately; `null` = not known, then it may need all of `ceiling`. */
  readonly inFlight: number | null;
}

/**
 * Splits N while a service sheds (CONTRACT §G, example in §I). The lowest `prio`
 * is cut first, to a floor of 10 % of its N_e (at least 1); within a class shares
 * follow weight. Nobody is given more than it needs before all needs are met;
 * what is left then goes to all by weight. Σ ≤ max(⌊total⌋, number of edges).
 */
export function splitOverload(total: number, edges: readonly OverloadShare[]): number[] {
  const weights = edges.map((edge) => edge.weight);
  const needs = edges.map((edge) =>
    edge.inFlight === null ? edge.ceiling : Math.min(edge.ceiling, NEED_HEADROOM * edge.inFlight + 1),
  );
  const floors = edges.map((edge, i) => Math.min(at(needs, i), Math.max(1, floorShare(SHED_FLOOR * edge.steady))));
  const shares = fillAboveOne(total, floors, weights);
  let left = Math.max(0, total - sum(shares));
  for (const members of classesFromTheTop(edges)) {
    const pool = left + sum(pick(shares, members));
    const filled = fillAboveOne(pool, pick(needs, members), pick(weights, members));
    members.forEach((i, k) => {
      shares[i] = at(filled, k);
    });
    left = Math.max(0, pool - sum(filled));
  }
  const room = edges.map((edge, i) => Math.max(0, edge.ceiling - at(shares, i)));
  const spare = waterFill(left, room, weights);
  const split = shares.map((share, i) => share + at(spare, i));
  return wholeCalls(total, split, edges);
}

/** Water-filling in which everybody has at least 1; `demands` ≥ 1. */
function fillAboveOne(total: number, demands: readonly number[], weights: readonly number[]): number[] {
  const shares = new Array<number>(demands.length).fill(1);
  let open = demands.map((_, i) => i);
  while (open.length > 0) {
    const pool = total - (demands.length - open.length);
    const filled = waterFill(pool, pick(demands, open), pick(weights, open));
    const above = open.filter((_, k) => at(filled, k) >= 1);
    if (above.length === open.length) {
      open.forEach((i, k) => {
        shares[i] = at(filled, k);
      });
      break;
    }
    open = above;
  }
  return shares;
}

/** Rounds shares down and hands the calls lost by that to the highest class first, then to who lost most. */
function wholeCalls(total: number, shares: readonly number[], edges: readonly OverloadShare[]): number[] {
  const whole = shares.map((share) => Math.max(1, floorShare(share)));
  const lost = shares.map((share, i) => Number((share - at(whole, i)).toFixed(9)));
  const left = floorShare(total) - sum(whole);
  edges
    .map((edge, i) => ({ i, prio: edge.prio, lost: at(lost, i) }))
    .filter((edge) => edge.lost > 0)
    .sort((a, b) => b.prio - a.prio || b.lost - a.lost)
    .slice(0, Math.max(0, left))
    .forEach(({ i }) => {
      whole[i] = at(whole, i) + 1;
    });
  return whole;
}

/** Indices of the edges of each prio, highest prio first. */
function classesFromTheTop(edges: readonly OverloadShare[]): number[][] {
  const classes = new Map<number, number[]>();
  edges.forEach((edge, i) => {
    const members = classes.get(edge.prio);
    if (members) members.push(i);
    else classes.set(edge.prio, [i]);
  });
  return [...classes].sort(([a], [b]) => b - a).map(([, members]) => members);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const pick = (values: readonly number[], indices: readonly number[]): number[] => indices.map((i) => at(values, i));
