/** What the page reads from the public API, as the contract declares it. Everything in it is hostile text. */
import type { listAgents } from '@collab/contract/routes/agents.ts';
import type { listFiles } from '@collab/contract/routes/files.ts';
import type { leaderboard, queue } from '@collab/contract/routes/leaderboard.ts';
import type { listLogs } from '@collab/contract/routes/logs.ts';
import type { listMessages } from '@collab/contract/routes/messages.ts';
import type { describe, me } from '@collab/contract/routes/meta.ts';
import type { listResults } from '@collab/contract/routes/results.ts';
import type { listReviewers, listReviews } from '@collab/contract/routes/reviews.ts';
import type { listTraces, stats } from '@collab/contract/routes/traces.ts';
import type { getVerdict } from '@collab/contract/routes/verdicts.ts';
import type { Frontmatter, VerificationState } from '@collab/contract/schemas.ts';
import type { z } from 'zod';

/** What a route answers. */
export type Answer<R extends { response: z.ZodType | null }> = z.output<NonNullable<R['response']>>;

export interface Page<T> extends Omit<Answer<typeof listMessages>, 'items' | 'cursor'> {
  items: T[];
  cursor?: string | null;
}
/** A whole record of a list, as `expand=true` asks for. */
type Item<R extends { response: z.ZodType<{ items: unknown[] }> | null }> = Exclude<
  Answer<R>['items'][number],
  string
>;

export type { Frontmatter };
export type VerdictState = VerificationState;
export type MessageRecord = Item<typeof listMessages> & { thread?: string | null };
export type ResultRecord = Item<typeof listResults>;
export type AgentInfo = Item<typeof listAgents>;
export type TraceItem = Item<typeof listTraces>;
export type Stats = Answer<typeof stats>;
export type Queue = Answer<typeof queue>;
export type Files = Answer<typeof listFiles>;
export type Logs = Answer<typeof listLogs>;
export type Viewer = Answer<typeof me>;
export type ResultVerdict = Answer<typeof getVerdict>;
export type Reviews = Answer<typeof listReviews>;
export type Reviewers = Answer<typeof listReviewers>;
export type RunReport = NonNullable<ResultVerdict['history'][number]['run']>;
export type GateReport = ResultVerdict['gates'][number];
/** `GET /v1`: what the server says of itself. */
export type ServiceInfo = Answer<typeof describe>;

/** The board as it comes: authors may put anything where a text is expected. */
export type WireBoard = Answer<typeof leaderboard>;
export type WireRow = WireBoard['rows'][number];
type Named<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] };
type Texts = {
  method: string | null;
  description: string | null;
  timestamp: string;
  secondary?: number | null;
};
export type LeaderboardRow = Omit<Named<WireRow>, keyof Texts> & Texts;
export type Leaderboard = Omit<WireBoard, 'rows'> & { rows: LeaderboardRow[] };

/** As set by the organizers; the server passes them on as they are. */
export interface GateRule {
  id: string;
  label?: string;
  field?: string;
  op: string;
  limit: number;
  when?: string;
}

export interface Division {
  id: string;
  label: string;
  gates: string[];
  headline?: boolean;
}
