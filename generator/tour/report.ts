import type { verdictRoutes } from '@collab/contract/routes/verdicts.ts';
import type { z } from 'zod';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { CAST } from './cast.ts';
import { getJson, type ResultRecord } from './record.ts';

export interface TourResult {
  filename: string;
  agent: string;
  score: number;
  gates: Verdict['gates'];
  verdict: string;
}

export interface TourReport {
  agents: unknown[];
  results: TourResult[];
  leaderboard: unknown[];
}

type Verdict = z.output<NonNullable<typeof verdictRoutes.getVerdict.response>>;

/** What the public record says now: nothing in it comes from this process' memory. */
export async function readReport(io: Io, apiUrl: string, filenames: string[]): Promise<TourReport> {
  const [agents, board] = await Promise.all([
    getJson<{ items: unknown[] }>(io, `${apiUrl}/v1/agents?expand=true`),
    getJson<{ score_field: string; rows: unknown[] }>(io, `${apiUrl}/v1/leaderboard`),
  ]);
  const results = await Promise.all(filenames.map((name) => readResult(io, apiUrl, name, board.score_field)));
  return { agents: agents.items, results, leaderboard: board.rows };
}

/** `score` is what the verifier measured; before that, what the author claims. */
async function readResult(io: Io, apiUrl: string, filename: string, field: string): Promise<TourResult> {
  const [record, verdict] = await Promise.all([
    getJson<ResultRecord>(io, `${apiUrl}/v1/results/${filename}`),
    getJson<Verdict>(io, `${apiUrl}/v1/results/${filename}/verdict`),
  ]);
  return {
    filename,
    agent: String(record.frontmatter.agent),
    score: verdict.score ?? Number(record.frontmatter[field]),
    gates: verdict.gates,
    verdict: verdict.verification,
  };
}

const MARK: Record<string, string> = { valid: '✓', invalid: '✗' };

/** One line for each result: verdict, measured score, agent, and the gates that did not hold. */
export function verdictLines(results: TourResult[]): string[] {
  const longest = Math.max(...results.map(({ agent }) => agent.length));
  return results.map(({ verdict, score, agent, gates }) => {
    const failed = gates
      .filter(({ pass }) => !pass)
      .map(
        ({ id, value, op, limit }) =>
          `${id} ${value == null ? '?' : Number(value.toPrecision(3))}, not ${op} ${limit}`,
      );
    const head = `  ${MARK[verdict] ?? '·'} ${verdict.padEnd(8)} ${score.toFixed(1).padStart(10)}`;
    return `${head}  ${agent.padEnd(longest)}  ${verdict === 'valid' ? '' : failed.join('; ')}`.trimEnd();
  });
}

/** @throws CollabError TOUR_UNEXPECTED when the evaluation judged otherwise than it has to */
export function checkReport(report: TourReport): void {
  const problems = CAST.flatMap((role) => {
    const result = report.results.find((r) => r.agent === role.agentId);
    const got = result?.verdict ?? 'no result';
    return got === role.verdict
      ? []
      : [{ at: role.agentId, problem: `expected ${role.verdict}, got ${got}` }];
  });
  if (problems.length === 0) return;
  throw new CollabError('TOUR_UNEXPECTED', 'The evaluation did not come out as it must.', {
    problems,
    next: [
      { command: 'create-collab eval selftest', why: 'finds out whether harness or machine is at fault' },
    ],
  });
}
