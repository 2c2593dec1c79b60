import { type Score, takeScore } from '../score/score.ts';

export interface ResultRules {
  scoreField: string;
  requiredFields: readonly string[];
  /** Profile `default`: zero and below are scores too. */
  allowNonPositive: boolean;
}

export interface Problem {
  path: string;
  problem: string;
}

export type ResultCheck = { ok: true; score: Score } | { ok: false; problems: Problem[] };

/**
 * Checks a result's frontmatter: every required field present, the score a finite number, `status` one of the two,
 * text fields not blank. All problems at once. `scoreSource` is the score as written.
 */
export function checkResult(
  frontmatter: Record<string, unknown>,
  rules: ResultRules,
  scoreSource?: string,
): ResultCheck {
  const fields = [...new Set([rules.scoreField, ...rules.requiredFields])];
  const score = takeScore(frontmatter[rules.scoreField], scoreSource);
  const problems = fields.flatMap((field) => fieldProblem(frontmatter, field, rules.scoreField));
  const present = frontmatter[rules.scoreField] != null;
  if (present && !score.ok) problems.push({ path: rules.scoreField, problem: score.problem });
  if (score.ok && !rules.allowNonPositive && score.value.score <= 0)
    problems.push({ path: rules.scoreField, problem: 'must be greater than 0' });
  return score.ok && problems.length === 0 ? { ok: true, score: score.value } : { ok: false, problems };
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
