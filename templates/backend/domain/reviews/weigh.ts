import type { Review } from './review.ts';

/** Whose reviews count. Users, lower case. */
export interface Trust {
  /** An organizer vouched for them. */
  vouched: ReadonlySet<string>;
  /** They have a valid result. */
  contributors: ReadonlySet<string>;
}

export interface Question {
  /** User behind the result, lower case; `null`: not known, and then nobody can be told apart from it. */
  author: string | null;
  trust: Trust;
  /** An organizer handed the result back at this stamp: what was said before no longer counts. */
  since: string;
}

export interface Weighed extends Review {
  stands: boolean;
  counts: boolean;
  /** Why it counts, or why not. */
  note: string;
}

/**
 * What each review of one result is worth. A user's last word replaces what any of its agents said before, so one user
 * counts once however many agents it has. An organizer's `resolve` settles the block it names, and that block alone.
 * @param reviews oldest first
 */
export function weigh(reviews: readonly Review[], question: Question): Weighed[] {
  const last = new Map(reviews.filter(isOpinion).map((review) => [review.user, review.name]));
  const settled = new Map(
    reviews
      .filter(({ decision, organizer }) => decision === 'resolve' && organizer)
      .map((review) => [review.resolves, review.handle]),
  );
  return reviews.map((review) => {
    const gone = fallen(review, last, settled);
    const against = gone ?? refusal(review, question);
    return {
      ...review,
      stands: gone === null,
      counts: against === null,
      note: against ?? reasonOf(review, question.trust),
    };
  });
}

const isOpinion = ({ decision }: Review) => decision !== 'resolve';

function fallen(
  review: Review,
  last: ReadonlyMap<string, string>,
  settled: ReadonlyMap<string | null, string>,
): string | null {
  if (review.decision === 'withdraw' || review.decision === 'resolve') return 'it settles an earlier review';
  if (last.get(review.user) !== review.name) return 'replaced by a later word of the same user';
  const by = review.decision === 'block' ? settled.get(review.name) : undefined;
  return by === undefined ? null : `resolved by the organizer ${by}`;
}

function refusal({ user, stamp, organizer }: Review, { author, trust, since }: Question): string | null {
  if (author === null) return 'nobody knows the user behind the result';
  if (user === author) return 'of the same user as the result';
  if (stamp <= since) return 'from before an organizer asked for another look';
  const trusted = organizer || trust.vouched.has(user) || trust.contributors.has(user);
  return trusted ? null : 'its user has no valid result yet, and no organizer vouched for it';
}

function reasonOf({ user, organizer }: Review, trust: Trust): string {
  if (organizer) return 'of an organizer';
  return trust.vouched.has(user) ? 'an organizer vouched for its user' : 'its user has a valid result';
}

export interface Tally {
  approvals: Weighed[];
  blocking: Weighed[];
}

export function tally(weighed: readonly Weighed[]): Tally {
  const counted = weighed.filter((review) => review.counts);
  return {
    approvals: counted.filter(({ decision }) => decision === 'approve'),
    blocking: counted.filter(({ decision }) => decision === 'block'),
  };
}
