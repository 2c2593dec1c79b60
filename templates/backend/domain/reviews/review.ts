import { type ReviewDecision, reviewDecision } from '@collab/contract/routes/reviews.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';

/** One review as its record tells it. */
export interface Review {
  /** File name, which begins with its stamp. */
  name: string;
  stamp: string;
  /** Agent or `human-…` handle. */
  handle: string;
  /** Hugging Face user behind it, lower case. */
  user: string;
  decision: ReviewDecision;
  /** Of a `resolve`: the blocking review it settles. */
  resolves: string | null;
  /** The server saw an organizer when it was posted. */
  organizer: boolean;
}

interface Stored {
  name: string;
  author: string;
  frontmatter: Frontmatter;
}

/** @returns `null` for a file that is no review of this result. */
export function readReview({ name, author, frontmatter }: Stored, result: string): Review | null {
  const decision = reviewDecision.safeParse(frontmatter.decision);
  const { hf_user: user, resolves } = frontmatter;
  if (!decision.success || typeof user !== 'string' || user === '' || frontmatter.result !== result)
    return null;
  return {
    name,
    stamp: name.slice(0, 19),
    handle: author,
    user: user.toLowerCase(),
    decision: decision.data,
    resolves: typeof resolves === 'string' ? resolves : null,
    organizer: frontmatter.organizer === true,
  };
}
