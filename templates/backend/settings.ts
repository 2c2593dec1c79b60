/** Settings of the server, parsed once from the environment by the contract's table. */
import { requiredFields } from '@collab/contract/result-fields.ts';
import { SETTINGS } from '@collab/contract/settings.ts';

type Row = (typeof SETTINGS)[number];
type TypeOf<T extends string> = T extends 'int' | 'float'
  ? number
  : T extends 'bool'
    ? boolean
    : T extends 'csv'
      ? string[]
      : T extends 'json'
        ? unknown
        : T extends 'desc|asc'
          ? 'desc' | 'asc'
          : string;

export type Settings = { [R in Row as R['env']]: TypeOf<R['type']> };

/** Profile `compat`: agents written for the reference work unchanged. */
export const isCompat = (settings: Pick<Settings, 'WRITE_AUTH'>) => settings.WRITE_AUTH === 'open';

export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly problems: string[];
  constructor(problems: string[]) {
    super(`the environment is not usable:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

const TRUE = /^(true|1|yes|on|y|t)$/i;
const FALSE = /^(false|0|no|off|n|f)$/i;

function parse(type: string, text: string): unknown {
  if (type === 'int' || type === 'float') {
    const n = Number(text);
    const ok = text.trim() !== '' && Number.isFinite(n) && (type === 'float' || Number.isSafeInteger(n));
    return ok ? n : undefined;
  }
  if (type === 'bool') return TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
  if (type === 'csv')
    return text
      .split(',')
      .map((t) => t.trim())
      .filter(Boolean);
  if (type === 'desc|asc') return text === 'desc' || text === 'asc' ? text : undefined;
  if (type !== 'json') return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Every setting, typed, or a SettingsError that lists all problems. No value is ever repeated in a problem.
 * CENTRAL_BUCKET is filled in, and SCORE_FIELD is put in front of REQUIRED_RESULT_FIELDS in place of a bare `score`.
 */
export function parseSettings(env: Record<string, string | undefined>): Settings {
  const problems: string[] = [];
  const out: Record<string, unknown> = {};
  for (const row of SETTINGS) {
    const fallback = 'default' in row ? row.default : undefined;
    const text = env[row.env] ?? fallback;
    if (text === undefined || (text === '' && fallback === undefined))
      problems.push(`${row.env} is missing: ${row.doc}`);
    else {
      out[row.env] = parse(row.type, text === '' && fallback !== undefined ? fallback : text);
      if (out[row.env] === undefined) problems.push(`${row.env} is not a valid ${row.type}`);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return derive(out as Settings);
}

function derive(s: Settings): Settings {
  const central = s.CENTRAL_BUCKET || `${s.ORG}/${s.COLLAB_SLUG}-main-bucket`;
  const required = requiredFields(s.SCORE_FIELD, s.REQUIRED_RESULT_FIELDS);
  return { ...s, CENTRAL_BUCKET: central, REQUIRED_RESULT_FIELDS: required };
}
