/** challenge.yaml → the variables of the Space, through @collab/contract's settings. Secrets are never among them. */
import { SETTINGS, type Setting } from '@collab/contract/settings.ts';
import type { FieldPath } from './field.ts';
import { fieldOf, valueAt } from './schema.ts';
import type { ChallengeConfig } from './types.ts';

/** Settings that follow from another one instead of standing in challenge.yaml themselves. */
const DERIVED: Record<string, (config: ChallengeConfig) => unknown> = {
  'verification.enabled': (config) => config.verification.mode === 'jobs',
};

/** Every variable that challenge.yaml decides, as text, by name. One that is empty is left out where that means the same. */
export function spaceVariables(config: ChallengeConfig): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const setting of SETTINGS as readonly Setting[]) {
    if (!setting.from || setting.secret) continue;
    const text = textOf(setting, derive(config, setting.from));
    if (text !== '' || setting.default !== '') variables[setting.env] = text;
  }
  return variables;
}

function derive(config: ChallengeConfig, from: string): unknown {
  const derived = DERIVED[from];
  if (derived) return derived(config);
  if (!fieldOf.has(from)) throw new Error(`settings.ts names ${from}, which is no setting of challenge.yaml`);
  return valueAt(config, from as FieldPath);
}

function textOf(setting: Setting, value: unknown): string {
  if (setting.type === 'json') return JSON.stringify(value);
  if (setting.type === 'csv') return (value as string[]).join(',');
  return String(value);
}
