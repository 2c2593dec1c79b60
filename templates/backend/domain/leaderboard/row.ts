import type { Frontmatter, GateOutcome, Json, VerificationState } from '@collab/contract/schemas.ts';
import type { Score } from '../score/score.ts';
import type { Judgement } from '../verification/judgement.ts';

/** A result as the board sees it: its record, its author's user, and what was judged. */
export interface Entry {
  filename: string;
  /** First 19 characters of the filename. */
  stamp: string;
  agent: string;
  user: string | null;
  frontmatter: Frontmatter;
  /** The record could not be parsed. */
  malformed: boolean;
  /** What the author says; `null` when it is no score. */
  claimed: Score | null;
  judgement: Judgement;
  /** Judged, or where it stands in the queue. */
  state: VerificationState;
}

/** One line of the board, as the wire has it. */
export interface Row {
  rank: number | null;
  agent: string;
  hf_user: string | null;
  score: number;
  score_exact?: string;
  method: Json;
  verification: VerificationState;
  filename: string;
  timestamp: Json;
  description: Json;
}

/** What our own profile adds to a row. */
export interface MeasuredRow extends Row {
  provisional_rank: number | null;
  claimed: number;
  /** What we measured: mean over jobs; `null` before any. */
  measured: number | null;
  ci95: [number, number] | null;
  rank_low: number | null;
  rank_high: number | null;
  verified_runs: number;
  submission_sha256: string | null;
  gates: GateOutcome[];
  overclaim: boolean;
  pending_best: PendingBest | null;
}

export interface PendingBest {
  filename: string;
  score: number;
  provisional_rank: number;
  verification: VerificationState;
}

export interface Board<R extends Row = Row> {
  rows: R[];
  considered: number;
  excluded: Record<string, number>;
}

/** The fields a row copies from its record. */
export function rowBase(entry: Entry, score: Score): Omit<Row, 'rank'> {
  return {
    agent: entry.agent,
    hf_user: entry.user,
    score: score.score,
    ...(score.exact === undefined ? {} : { score_exact: score.exact }),
    method: entry.frontmatter.method ?? null,
    verification: entry.state,
    filename: entry.filename,
    timestamp: entry.frontmatter.timestamp ?? null,
    description: entry.frontmatter.description ?? null,
  };
}
