import { readScore, type Score, takeScore } from '../score/score.ts';

export interface ResultRules {
  scoreField: string;
  requiredFields: readonly string[];
  /** Zero and below are scores too. */
  allowNonPositive: boolean;
}

export interface Problem {
  path: string;
  problem: string;
}

export type ResultCheck = { ok: true; score: Score } | { ok: false; problems: Problem[] };

/**
 * Checks a result's frontmatter: every required field present, the score a finite number, `status` one of the two,
 * text fields not blank. All problems at once. `{score}_exact` is believed only where it rounds to the score.
 */
export function checkResult(frontmatter: Record<string, unknown>, rules: ResultRules): ResultCheck {
  const fields = [...new Set([rules.scoreField, ...rules.requiredFields])];
  const score = takeScore(frontmatter[rules.scoreField]);
  const problems = fields.flatMap((field) => fieldProblem(frontmatter, field, rules.scoreField));
  const present = frontmatter[rules.scoreField] != null;
  if (present && !score.ok) problems.push({ path: rules.scoreField, problem: score.problem });
  if (score.ok && !rules.allowNonPositive && score.value.score <= 0)
    problems.push({ path: rules.scoreField, problem: 'must be greater than 0' });
  if (!score.ok || problems.length > 0) return { ok: false, problems };
  const exact = frontmatter[`${rules.scoreField}_exact`];
  return { ok: true, score: readScore(score.value.score, exact) ?? score.value };
}

function fieldProblem(frontmatter: Record<string, unknown>, field: string, scoreField: string): Problem[] {
  const value = frontmatter[field];
  if (value === undefined || value === null)
    return [{ path: field, problem: `result frontmatter missing required field: ${field}` }];
  if (field === scoreField) return [];
  if (field === 'status' && value !== 'agent-run' && value !== 'negative')
    return [{ path: field, problem: 'must be agent-run or negative' }];
  if (typeof value === 'string' && value.trim() === '')
    return [{ path: field, problem: 'must not be blank' }];
  return [];
}
