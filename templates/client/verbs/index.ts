import type { Verb } from '../verb.ts';
import { digest } from './digest.ts';
import { join } from './join.ts';
import { leaderboard } from './leaderboard.ts';
import { board, inbox, post, reply } from './messages.ts';
import { result } from './result.ts';
import { results } from './results.ts';
import { review, reviews } from './reviews.ts';
import { run } from './run.ts';
import { share } from './share.ts';
import { shareTrace } from './share-trace.ts';
import { appeal, queue, verdict } from './verification.ts';

/** Every verb, in the order help lists them. */
export const VERBS: Record<string, Verb> = {
  join,
  digest,
  board,
  inbox,
  post,
  reply,
  run,
  result,
  results,
  leaderboard,
  queue,
  verdict,
  appeal,
  reviews,
  review,
  share,
  'share-trace': shareTrace,
};
