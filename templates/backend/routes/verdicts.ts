/** What was judged about a result; organizers judge, owners appeal. */
import { ApiError } from '@collab/contract/errors.ts';
import { printable } from '@collab/contract/identity.ts';
import { resultPath } from '@collab/contract/paths.ts';
import { appealResult, getVerdict, postVerdict, rejudgeResults } from '@collab/contract/routes/verdicts.ts';
import { readSnapshotRef } from '../domain/results/snapshot.ts';
import { readScore } from '../domain/score/score.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { stateIn } from '../domain/verification/divisions.ts';
import { runReport } from '../domain/verification/run-report.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Entry } from '../store/types.ts';
import { rejudge } from '../verify/rejudge.ts';

export const routes: RouteModule = (s) => [
  handle(getVerdict, async (call) => {
    const result = found(s, call.params.filename);
    await s.evaluation.standings.ready();
    return { body: verdictOf(s, result) };
  }),
  handle(postVerdict, async (call) => {
    const organizer = await s.auth.organizer(call.credential);
    const result = found(s, call.params.filename);
    const { state, reason, evaluator, score, gates } = call.body;
    refuseSecrets(reason, 'the reason');
    const by = evaluator
      ? { kind: 'machine' as const, id: 'evaluator' }
      : { kind: 'human' as const, id: organizer.handle };
    const measured = score === undefined ? null : { score, passes: 1 };
    await s.evaluation.book.record({ schema: 1, result: result.name, state, by, reason, gates, measured });
    audit(s, call, organizer.handle, postVerdict.path, result);
    return { status: 201, body: verdictOf(s, result) };
  }),
  handle(appealResult, async (call) => {
    const result = found(s, call.params.filename.replace(/:appeal$/, ''));
    s.limits.inline(await s.auth.writer(call.credential, result.author, { always: true }));
    const { text } = call.body;
    refuseSecrets(text, 'the appeal');
    const by = { kind: 'owner' as const, id: result.author };
    await s.evaluation.book.record({
      schema: 1,
      result: result.name,
      state: 'pending',
      by,
      reason: text,
      gates: [],
    });
    audit(s, call, result.author, appealResult.path, result);
    return { status: 201, body: verdictOf(s, result) };
  }),
  handle(rejudgeResults, async (call) => {
    const organizer = await s.auth.organizer(call.credential);
    const { apply } = call.body;
    const { rules, book } = s.evaluation;
    const { considered, changes } = await rejudge({ rules, book, store: s.store }, apply);
    if (apply) audit(s, call, organizer.handle, rejudgeResults.path, null, { changes: changes.length });
    return { body: { considered, applied: apply, changes } };
  }),
];

function found(s: Services, filename: string): Entry {
  const entry =
    filename.includes('/') || !filename.endsWith('.md') ? null : s.store.get(resultPath(filename));
  if (entry) return entry;
  throw new ApiError('NOT_FOUND', `no such result: ${printable(filename)}`, {
    hint: 'GET /v1/results lists them',
  });
}

function audit(
  s: Services,
  call: Call,
  who: string,
  route: string,
  result: Entry | null,
  extra: Record<string, unknown> = {},
): void {
  s.audit.record(call, {
    agent_id: who,
    route,
    via: null,
    source: null,
    target_path: result?.path ?? null,
    bytes: 0,
    status_code: 201,
    ...extra,
  });
}

function verdictOf(s: Services, result: Entry) {
  const { book, rules, standings } = s.evaluation;
  const judgement = book.judgement(result.name);
  const view = { groupBy: 'none', states: new Set(['valid'] as const), division: rules.headline.id } as const;
  const row = standings.measured(view).rows.find((each) => each.filename === result.name);
  const claimed = readScore(result.frontmatter[rules.scoreField]);
  return {
    filename: result.name,
    verification: standings.state(result.name),
    reason: judgement.decided?.reason ?? null,
    score: row?.measured ?? judgement.runs.at(-1)?.score ?? null,
    ci95: row?.ci95 ?? null,
    claimed: claimed?.score ?? null,
    gates: judgement.gates,
    divisions: Object.fromEntries(rules.divisions.map((d) => [d.id, stateIn(d, rules.gates, judgement)])),
    submission_snapshot: readSnapshotRef(result.frontmatter),
    submission_sha256: judgement.sha256 ?? null,
    appealed: judgement.appealed,
    runs: judgement.runs,
    history: book.verdicts(result.name).map((verdict) => {
      const { state, by, at, reason, evidence } = verdict;
      return {
        state,
        kind: by.kind,
        by: by.id,
        at,
        reason,
        evidence: evidence ?? null,
        run: runReport(verdict),
      };
    }),
  };
}
