import { inboxPath, messagePath, recordName, resultPath } from '@collab/contract/paths.ts';
import type { GateOutcome } from '@collab/contract/schemas.ts';
import { writeRecord } from '../codec/frontmatter.ts';
import { readScore } from '../domain/score/score.ts';
import { announcement } from '../domain/verification/announce.ts';
import { judge } from '../domain/verification/judgement.ts';
import type { RunSummary } from '../domain/verification/summary.ts';
import type { Verdict } from '../domain/verification/verdict.ts';
import type { DraftFiles, Moment } from '../store/types.ts';
import type { VerifierDeps } from './types.ts';
import type { VerdictBook } from './verdict-book.ts';

export interface Conclusion {
  state: Verdict['state'];
  reason: string;
  /** Before those that the harness reports. */
  gates?: GateOutcome[];
  summary?: RunSummary | null;
  runPath?: string;
  jobId?: string;
  /** The run had the private split before it. */
  privateData?: boolean;
  /** A run more of a result that was valid already, for its rank. */
  fresh?: boolean;
  /** Nothing is announced. */
  quiet?: boolean;
}

/** Verdict, index, announcement and the owner's inbox copy: one batch. */
export async function conclude(
  deps: Pick<VerifierDeps, 'store' | 'book' | 'rules'>,
  result: string,
  { state, reason, gates = [], summary, runPath, jobId, privateData, fresh, quiet }: Conclusion,
): Promise<void> {
  const { book, rules } = deps;
  await book.record(
    {
      schema: 1,
      result,
      state,
      by: { kind: 'machine', id: rules.verifier },
      reason,
      evidence: runPath ?? null,
      private_data: privateData ?? null,
      gates: [...gates, ...(summary?.gates ?? [])],
      measured: summary?.measured ? { ...summary.measured, job_id: jobId, ...(fresh && { fresh }) } : null,
      submission_sha256: summary?.submissionSha256 ?? null,
      harness_sha256: summary?.harnessSha256 ?? null,
      provenance: summary?.provenance ?? null,
    },
    (verdict, at) =>
      quiet || (fresh && changesNothing(book, verdict, at)) ? {} : announceFiles(deps, verdict, at),
  );
}

/** One run more that leaves the state as it is: no news. */
function changesNothing(book: VerdictBook, verdict: Verdict, at: Moment): boolean {
  const { result } = verdict;
  const after = judge([...book.verdicts(result), { ...verdict, stamp: at.file }]);
  return after.state === book.judgement(result).state;
}

function announceFiles(
  { store, rules }: Pick<VerifierDeps, 'store' | 'rules'>,
  verdict: Verdict,
  at: Moment,
): DraftFiles {
  const record = store.get(resultPath(verdict.result));
  const owner = record?.author ?? '';
  const claimed = record ? (readScore(record.frontmatter[rules.scoreField])?.score ?? null) : null;
  const body = announcement({ verdict, owner, claimed, scoreField: rules.scoreField });
  const head = {
    type: 'verification',
    refs: [verdict.result],
    agent: rules.verifier,
    timestamp: at.minute,
    via: 'server',
  };
  const name = recordName(at.file, rules.verifier);
  const content = writeRecord(head, body);
  const inbox = inboxPath(owner, name);
  return {
    adds: [
      { path: messagePath(name), content },
      { path: inbox, content },
    ],
    soft: [inbox],
  };
}
