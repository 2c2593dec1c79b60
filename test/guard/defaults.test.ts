import { SETTINGS, type Setting } from '@collab/contract/settings.ts';
import { expect, test } from 'vitest';
import { fieldOf } from '../../generator/config/schema.ts';

/**
 * A setting and the field of challenge.yaml behind it have one default. Where they differ on purpose, the server's is
 * that of a bare server, as the reference's: it runs nothing, spends nothing and asks for nothing that nobody decided.
 */
const ON_PURPOSE: Record<string, string> = {
  CHALLENGE_TITLE: 'every challenge has a title of its own',
  LANES: 'the generator proposes some',
  SCORE_MIN_IMPROVEMENT: 'a bare server ranks by the score alone',
  JOBS_ENABLED: 'a bare server runs no jobs',
  JOB_FLAVOR: 'the reference names its own',
  JOB_BUDGET_USD: 'the generator proposes a hard stop',
  VERIFIER_ENABLED: 'follows from verification.mode',
  VERIFIER_AGENT: 'a bare server takes `verifier`',
};

const textOf = ({ type }: Setting, value: unknown): string =>
  type === 'json' ? JSON.stringify(value) : type === 'csv' ? (value as string[]).join(',') : String(value);

/** Only constants can be compared: a default worked out from other answers always reaches the server as a variable. */
test('a setting has one default in the server and in the generator', () => {
  const differing = (SETTINGS as readonly Setting[]).filter((setting) => {
    const fallback = setting.from ? fieldOf.get(setting.from)?.fallback : undefined;
    if (!setting.from || setting.default === undefined || typeof fallback === 'function') return false;
    return fallback === undefined || textOf(setting, fallback) !== setting.default;
  });
  expect(differing.map(({ env }) => env).sort()).toEqual(Object.keys(ON_PURPOSE).sort());
});
