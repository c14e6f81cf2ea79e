import type { Checked, Problem } from '../problem.ts';
import { type ConsensusBounds, consensusBounds } from './consensus.ts';
import { grantQuorum, leaseMs } from './gauge.ts';

/** A group of members that agree by votes. */
export interface VotingGroup {
  /** n, 1 … 10 000. */
  readonly members: number;
  /** C_gauge, 0 … 1; `null` counts 0. */
  readonly gauge: number | null;
  /** K: votes that all members together can cast a second; `null` = unknown. */
  readonly votesPerSec: number | null;
}

/** What C_gauge means to a group, and why no split of it can decide twice. */
export interface GroupAgreement extends ConsensusBounds {
  /** Time after which a member has to agree with the others anew, at the latest. */
  readonly leaseMs: number;
  /** Members that an old and a new quorum have in common at least, when one member joins or leaves. */
  readonly sharedAcrossChange: number;
  /** One sentence. */
  readonly why: string;
}

const MEMBERS_MAX = 10_000;

/**
 * Quorum, faults that are borne, proposals per second and lease of a group
 * (CONTRACT §D), or every mistake in what was asked.
 */
export function groupAgreement({ members, gauge, votesPerSec }: VotingGroup): Checked<GroupAgreement> {
  const problems: Problem[] = [];
  const wanted = (path: string, holds: boolean, message: string, value: unknown): void => {
    if (!holds) problems.push({ path, message: `must be ${message} (got ${value})` });
  };
  const isCount = Number.isSafeInteger(members) && members >= 1 && members <= MEMBERS_MAX;
  wanted('members', isCount, `a whole number from 1 to ${MEMBERS_MAX}`, members);
  wanted('gauge', gauge === null || (gauge >= 0 && gauge <= 1), 'within 0 … 1', gauge);
  const isRate = votesPerSec === null || (votesPerSec > 0 && Number.isFinite(votesPerSec));
  wanted('votesPerSec', isRate, 'a number above 0', votesPerSec);
  if (problems.length > 0) return { ok: false, problems };
  const bounds = consensusBounds(gauge, members, votesPerSec);
  const shared = sharedAcrossChange(gauge, members);
  const value = {
    ...bounds,
    leaseMs: leaseMs(gauge),
    sharedAcrossChange: shared,
    why: whySafe(bounds, members, shared),
  };
  return { ok: true, value, warnings: [] };
}

/**
 * Members that a quorum before and one after a change of membership by one have
 * in common at least: both lie within the larger group of m, so q(n) + q(n ± 1) − m,
 * the smaller of both changes. Never below 1, as no quorum is a minority.
 */
export function sharedAcrossChange(gauge: number | null, members: number): number {
  const quorum = grantQuorum(gauge, members);
  const joined = quorum + grantQuorum(gauge, members + 1) - (members + 1);
  if (members === 1) return joined;
  return Math.min(joined, quorum + grantQuorum(gauge, members - 1) - members);
}

function whySafe({ quorum, sharedMembers }: ConsensusBounds, members: number, shared: number): string {
  return (
    `any two quorums of ${quorum} of ${members} have ${membersWords(sharedMembers)} in common, and no member votes for both sides of a split, ` +
    `so only one of them can decide; when one member joins or leaves, old and new quorums still have ${membersWords(shared)} in common`
  );
}

const membersWords = (count: number): string => `at least ${count} ${count === 1 ? 'member' : 'members'}`;
