import type { VerdictState } from '@collab/contract/schemas.ts';
import { tryJson } from '../codec/json.ts';
import { decide } from '../domain/verification/decide.ts';
import { judgeGates } from '../domain/verification/divisions.ts';
import { MAX_SUMMARY_BYTES, readSummary } from '../domain/verification/summary.ts';
import type { Verdict } from '../domain/verification/verdict.ts';
import { exitCode } from '../jobs/status-file.ts';
import type { Store } from '../store/types.ts';
import type { Rules } from './rules.ts';
import type { VerdictBook } from './verdict-book.ts';

export interface Change {
  filename: string;
  from: VerdictState;
  to: VerdictState;
  reason: string;
}

interface Deps {
  rules: Rules;
  store: Store;
  book: VerdictBook;
}

/**
 * Judges every result that the machine judged once more, from the evidence of its run and by today's divisions and
 * gates: nothing is run and nothing costs. People's verdicts stand. Writes the changes only when `apply` is set.
 */
export async function rejudge(
  deps: Deps,
  apply: boolean,
): Promise<{ considered: number; changes: Change[] }> {
  await deps.book.ready();
  const results = deps.store.folder('results').entries();
  const changes: Change[] = [];
  const verdicts: Omit<Verdict, 'at'>[] = [];
  let considered = 0;
  for (const { name } of results) {
    const decided = deps.book.judgement(name).decided;
    if (decided?.by.kind !== 'machine' || !decided.evidence) continue;
    considered++;
    const again = await fromEvidence(deps, decided, decided.evidence);
    if (!again || again.state === decided.state) continue;
    changes.push({ filename: name, from: decided.state, to: again.state, reason: again.reason });
    const { stamp: _, at: __, ...kept } = decided;
    verdicts.push({
      ...kept,
      rejudged: true,
      state: again.state,
      reason: `judged again from stored evidence: ${again.reason}`,
    });
  }
  if (apply) await Promise.all(verdicts.map((verdict) => deps.book.record(verdict)));
  return { considered, changes };
}

/** `null`: the evidence does not say enough to change anything. */
async function fromEvidence({ rules, store }: Deps, { measured, gates }: Verdict, runPath: string) {
  const text = await store.private.readText(`${runPath}/summary.json`, MAX_SUMMARY_BYTES);
  const status = tryJson((await store.private.readText(`${runPath}/job_status.json`)) ?? '');
  if (text === null || typeof status !== 'object' || status === null) return null;
  const { stage, message } = status as { stage?: unknown; message?: unknown };
  const summary = readSummary(text, rules.scoreField);
  // An exam measures no score: its verdict holds the run's, and the gates of both.
  if (measured && stage === 'COMPLETED' && summary && !summary.measured)
    return judgeGates(rules.headline, rules.gates, gates);
  const code = exitCode(typeof message === 'string' ? message : undefined);
  const end = { stage: String(stage), exitCode: code, timedOut: false, summary };
  const decision = decide(end, rules.headline, rules.gates, rules.strictIsolation);
  return decision.action === 'verdict' ? decision : null;
}
