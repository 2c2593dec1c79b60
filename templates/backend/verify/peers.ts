import { reviewFolder, VOUCHES } from '@collab/contract/paths.ts';
import type { Entry } from '../domain/leaderboard/row.ts';
import { type Review, readReview } from '../domain/reviews/review.ts';
import { type Approvals, ringOf } from '../domain/reviews/ring.ts';
import { type Tally, type Trust, tally, type Weighed, weigh } from '../domain/reviews/weigh.ts';
import { serialised } from '../store/private.ts';
import type { FolderView } from '../store/types.ts';
import { conclude } from './conclude.ts';
import { handedBack } from './handed-back.ts';
import { isWaiting } from './queue.ts';
import type { VerifierDeps } from './types.ts';

export interface PeerReviews extends Tally {
  weighed: (Weighed & { ring: string[] })[];
  /** Approvals a verdict needs. */
  needed: number;
  /** Found valid, and a blocking review came since. */
  contested: boolean;
}

/** Verification by peers: what the reviews of a result come to, and the verdict that follows from them. */
export interface Peers {
  of(result: string): PeerReviews;
  /** What stands and counts, and how many approvals a verdict needs. */
  tally(result: string): Tally & { needed: number };
  /** Users whose reviews count. */
  trust(): Trust;
  /** Writes the verdict if the reviews have come to one. */
  settle(result: string): Promise<void>;
  /** All results that wait: what a former process did not live to write. */
  settleAll(): Promise<void>;
}

type Deps = Pick<VerifierDeps, 'settings' | 'rules' | 'store' | 'book' | 'standings'>;

export function peers(deps: Deps): Peers {
  const { settings, store, standings, book } = deps;
  const alone = serialised();
  const needed = settings.VERIFICATION_APPROVALS;

  const reviewsOf = (result: string): Review[] =>
    store
      .folder(reviewFolder(result))
      .entries()
      .flatMap((entry) => readReview(entry, result) ?? []);

  /** What follows from the whole record, worked out once per change of it. */
  const overall = remembered(store, book, () => {
    const entries = standings.entries();
    const byName = new Map(entries.map((entry) => [entry.filename, entry]));
    return {
      byName,
      trust: trustOf(entries, store.folder(VOUCHES)),
      approvals: approvalsOf(entries, reviewsOf),
    };
  });
  const entryOf = (result: string) => overall().byName.get(result);

  function weighed(result: string, entry: Entry | undefined): Weighed[] {
    const author = entry?.user?.toLowerCase() ?? null;
    return weigh(reviewsOf(result), {
      author,
      trust: overall().trust,
      since: handedBack(book.verdicts(result)),
    });
  }

  async function settle(result: string): Promise<void> {
    const entry = entryOf(result);
    if (!entry || !isWaiting(entry)) return;
    const { approvals: given, blocking } = tally(weighed(result, entry));
    if (blocking.length > 0 || given.length < needed) return;
    await conclude(deps, result, { state: 'valid', reason: reasonOf(given) });
  }

  return {
    trust: () => overall().trust,
    tally: (result) => ({ ...tally(weighed(result, entryOf(result))), needed }),
    of(result) {
      const entry = entryOf(result);
      const all = weighed(result, entry).map((review) => {
        const author = entry?.user?.toLowerCase();
        const approves = review.decision === 'approve' && author !== undefined;
        return { ...review, ring: approves ? ringOf(overall().approvals, author, review.user) : [] };
      });
      const { approvals: given, blocking } = tally(all);
      const contested = entry?.state === 'valid' && blocking.length > 0;
      return { weighed: all, approvals: given, blocking, needed, contested };
    },
    settle: async (result) => {
      await standings.ready();
      await alone('peers', () => settle(result));
    },
    settleAll: async () => {
      await standings.ready();
      const reviewed = new Set(store.below('reviews/').map(({ path }) => path.split('/')[1]));
      const waiting = standings.entries().filter((entry) => reviewed.has(entry.filename) && isWaiting(entry));
      for (const { filename } of waiting) await alone('peers', () => settle(filename));
    },
  };
}

function remembered<T>(store: Deps['store'], book: Deps['book'], compute: () => T): () => T {
  let reviews = 0;
  let kept: { at: string; value: T } | null = null;
  store.onChange((paths) => {
    if (paths.some((path) => path.startsWith('reviews/'))) reviews++;
  });
  return () => {
    const at = `${book.version}:${reviews}`;
    if (kept?.at !== at) kept = { at, value: compute() };
    return kept.value;
  };
}

function trustOf(entries: readonly Entry[], vouches: FolderView): Trust {
  const vouched = vouches.entries().filter(({ frontmatter }) => frontmatter.vouched === true);
  const valid = entries.filter(({ state }) => state === 'valid');
  return {
    vouched: new Set(vouched.map(({ frontmatter }) => String(frontmatter.hf_user).toLowerCase())),
    contributors: new Set(valid.flatMap(({ user }) => user?.toLowerCase() ?? [])),
  };
}

/** Who approved whose work, over the whole record; an approval taken back is none. */
function approvalsOf(entries: readonly Entry[], reviewsOf: (result: string) => Review[]): Approvals {
  const found = new Map<string, Set<string>>();
  for (const { filename, user } of entries) {
    if (user === null) continue;
    const opinions = reviewsOf(filename).filter(({ decision }) => decision !== 'resolve');
    const last = new Map(opinions.map((review) => [review.user, review]));
    for (const review of last.values()) {
      if (review.decision !== 'approve') continue;
      found.set(review.user, (found.get(review.user) ?? new Set()).add(user.toLowerCase()));
    }
  }
  return found;
}

const reasonOf = (given: readonly Review[]) =>
  `${given.length} ${given.length === 1 ? 'review agrees' : 'reviews agree'} and none blocks: ${given
    .map(({ handle, user }) => `${handle} (${user})`)
    .join(', ')}`;
