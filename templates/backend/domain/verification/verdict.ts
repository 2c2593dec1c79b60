import { gateOutcome, verdictState } from '@collab/contract/schemas.ts';
import { z } from 'zod';
import { tryJson } from '../../codec/json.ts';

/** What one verification run measured: mean of `passes` passes inside one job. */
export const MeasuredRun = z.object({
  score: z.number(),
  /** Standard deviation between the passes of this job. */
  sd: z.number().nullish(),
  passes: z.number().int().positive(),
  job_id: z.string().optional(),
  /** The server launched it because earlier runs had put the content in front: it had no part in choosing it. */
  fresh: z.boolean().optional(),
});
export type MeasuredRun = z.infer<typeof MeasuredRun>;

export const Verdict = z.object({
  schema: z.literal(1),
  result: z.string(),
  state: verdictState,
  /** `owner` files are appeals: they ask, they never decide. */
  by: z.object({ kind: z.enum(['human', 'machine', 'owner']), id: z.string() }),
  at: z.string(),
  reason: z.string(),
  /** Folder of the run in the private bucket. */
  evidence: z.string().nullish(),
  /** The same evidence under other gates: votes before it no longer count. */
  rejudged: z.boolean().optional(),
  /** Was the private split mounted in that run? */
  private_data: z.boolean().nullish(),
  gates: z.array(gateOutcome).default([]),
  measured: MeasuredRun.nullish(),
  submission_sha256: z.string().nullish(),
  harness_sha256: z.string().nullish(),
  provenance: z.record(z.string(), z.unknown()).nullish(),
});
export type Verdict = z.infer<typeof Verdict>;

/** A verdict with the stamp of its file, which orders it among its fellows. */
export interface StampedVerdict extends Verdict {
  stamp: string;
}

const FILE = /^results\/verdicts\/([^/]+\.md)\/(\d{8}-\d{6}-\d{3})_([^/]+)\.json$/;

/** Reads one verdict file. @returns `null` when path or content is not a verdict of that result. */
export function readVerdict(path: string, text: string): StampedVerdict | null {
  const match = FILE.exec(path);
  if (!match) return null;
  const parsed = Verdict.safeParse(tryJson(text));
  if (!parsed.success || parsed.data.result !== match[1]) return null;
  return { ...parsed.data, stamp: match[2] ?? '' };
}

export function writeVerdict(verdict: Verdict): string {
  return `${JSON.stringify(verdict, null, 2)}\n`;
}
