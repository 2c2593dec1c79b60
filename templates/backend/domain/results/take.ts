import { ApiError } from '@collab/contract/errors.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { SERVER_KEYS } from '../message.ts';
import type { SnapshotRef } from './snapshot.ts';
import { checkResult, type ResultRules } from './validate.ts';

export interface TakenResult {
  /** The author's fields, without those of the server that this record may not get. */
  head: Frontmatter;
  body: string;
  status: string | undefined;
}

/** Set on every result: the author's are overwritten where they stand. */
const ALWAYS_SET = ['agent', 'timestamp', 'via'];
/** Fields that only the server sets. An author's are dropped: a snapshot of his own choosing would be judged for his. */
const OWN_KEYS = [
  ...SERVER_KEYS.filter((key) => !ALWAYS_SET.includes(key)),
  'submission_snapshot',
  'submission_files',
  'submission_bytes',
  'verification',
];

/** Checks a result as it was handed in. @throws ApiError INVALID_FRONTMATTER with every problem */
export function takeResult(frontmatter: Frontmatter, body: string, rules: ResultRules): TakenResult {
  const check = checkResult(frontmatter, rules);
  if (!check.ok) {
    const [first] = check.problems;
    const missing = first?.problem.startsWith('result frontmatter');
    throw new ApiError('INVALID_FRONTMATTER', `${missing ? '' : `${first?.path} `}${first?.problem}`, {
      hint: `a result needs ${rules.requiredFields.join(', ')}`,
      problems: check.problems,
    });
  }
  const exactKey = `${rules.scoreField}_exact`;
  const dropped = new Set<string>([...OWN_KEYS, exactKey]);
  const kept = Object.fromEntries(Object.entries(frontmatter).filter(([key]) => !dropped.has(key)));
  const exact: Frontmatter = check.score.exact === undefined ? {} : { [exactKey]: check.score.exact };
  const status = typeof frontmatter.status === 'string' ? frontmatter.status : undefined;
  return { head: { ...kept, ...exact }, body, status };
}

export interface Stamping {
  author: string;
  timestamp: string;
  via: string;
  auth: string;
  source: { sha256: string } | null;
  snapshot: SnapshotRef | null;
  idempotency: string | null;
}

/** The server's own fields, the reference's first. */
export function stampHead({
  author,
  timestamp,
  via,
  auth,
  source,
  snapshot,
  idempotency,
}: Stamping): Frontmatter {
  return {
    agent: author,
    timestamp,
    via,
    ...(auth === 'none' && { auth }),
    ...(snapshot && {
      submission_snapshot: snapshot.path,
      submission_files: snapshot.files,
      submission_bytes: snapshot.bytes,
    }),
    ...(source && { source_sha256: source.sha256 }),
    ...(idempotency !== null && { idempotency }),
  };
}
