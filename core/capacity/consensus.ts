import { grantQuorum } from './gauge.ts';

/** What a group of members that agree by votes has to keep (C_gauge, CONTRACT §D). */
export interface ConsensusBounds {
  /** Votes that a decision needs: max(⌊n/2⌋+1, ⌈C·n⌉). */
  readonly quorum: number;
  /** Members that may be away while decisions go on: n − quorum. */
  readonly faultsTolerated: number;
  /** Members that any two quorums have in common, at least one: no two halves of a split can both decide. */
  readonly sharedMembers: number;
  /**
   * Proposals per second that the members can vote on: K ÷ quorum, the largest
   * frequency of the UV gate for proposals. More agreement costs rounds. `null` = K unknown.
   */
  readonly proposalsPerSec: number | null;
}

/**
 * Quorum, faults that are borne, and proposals per second of a group that votes
 * (CONTRACT §D). Throws a RangeError for a number of members that is none.
 *
 * @param gauge C_gauge; `null` counts 0
 * @param members n, at least 1
 * @param votesPerSec K: votes that all members together can cast; `null` = unknown
 */
export function consensusBounds(gauge: number | null, members: number, votesPerSec: number | null): ConsensusBounds {
  if (!Number.isSafeInteger(members) || members < 1) {
    throw new RangeError(`members: must be a whole number ≥ 1 (got ${members})`);
  }
  const quorum = grantQuorum(gauge, members);
  return {
    quorum,
    faultsTolerated: members - quorum,
    sharedMembers: 2 * quorum - members,
    proposalsPerSec: votesPerSec === null ? null : votesPerSec / quorum,
  };
}
