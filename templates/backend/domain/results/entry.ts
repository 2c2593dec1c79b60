import { agentPath } from '@collab/contract/paths.ts';
import type { VerificationState } from '@collab/contract/schemas.ts';
import type { ReadStore, Entry as StoredEntry } from '../../store/types.ts';
import type { Entry } from '../leaderboard/row.ts';
import { readScore } from '../score/score.ts';
import type { Judgement } from '../verification/judgement.ts';

export interface Joined {
  store: Pick<ReadStore, 'get'>;
  scoreField: string;
  judgement(result: string): Judgement;
  /** Where it stands in the queue: `queued` or `running`; `undefined` when it is not there. */
  queueState(result: string): VerificationState | undefined;
}

/** A stored result with what is known about it. */
export function resultEntry(
  stored: StoredEntry,
  { store, scoreField, judgement, queueState }: Joined,
): Entry {
  const { frontmatter, name, author, malformed } = stored;
  const judged = judgement(name);
  const user = store.get(agentPath(author))?.frontmatter.hf_user;
  return {
    filename: name,
    stamp: name.slice(0, 19),
    agent: author,
    user: typeof user === 'string' ? user : null,
    frontmatter,
    malformed,
    claimed: readScore(frontmatter[scoreField], frontmatter[`${scoreField}_exact`]),
    judgement: judged,
    state: judged.state === 'pending' ? (queueState(name) ?? 'pending') : judged.state,
  };
}
