import type { ChallengeConfig } from '../config/types.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import type { PlanNode } from './types.ts';

/** One of the organizer's own texts that was written for other settings. */
export interface StaleText {
  file: string;
  /** What it would say for the settings of now, and does not. */
  lines: string[];
}

export const TEXTS = 'check:texts';

/** Texts of the repository that say what challenge.yaml says. */
export const TEXT_FILES = ['README.md', 'SETUP.md'];
/** Seed of the central bucket's README: its managed sections are ours, what stands around them may be edited. */
export const SEEDED_README = 'bucket/README.md';

export const RECORD = '.collab/template.json';
/** What was written, and from what. */
export interface TemplateRecord {
  template: string;
  version: string;
  answers_sha256: string;
  /** Text → SHA-256 as it was written: one that still has it was not edited. */
  texts?: Record<string, string>;
}

/**
 * Lines of a text as `new` would write it now that name a setting and are not in the one that lies here. What an
 * organizer wrote beside them does not count.
 */
export function staleLines(text: string, fresh: string, config: ChallengeConfig): string[] {
  const { hub, hardware, metric, gates } = config;
  const names = [
    hub.endpoint,
    hub.org,
    hub.private_namespace,
    hub.central_bucket,
    hub.private_bucket,
    hub.space,
    hub.eval_space,
    hardware.flavor,
    metric.field,
    metric.baseline === null ? '' : `Baseline: ${metric.baseline} `,
    ...gates.map(({ field, op, limit }) => `${field} ${op} ${limit}`),
  ].filter((name) => name !== '');
  const has = new Set(text.split('\n').map((line) => line.trim()));
  const named = (line: string) => names.some((name) => line.includes(name));
  return fresh
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => named(line) && !has.has(line));
}

/** Only said: the texts are the organizer's. */
export function textNodes(texts: StaleText[]): PlanNode[] {
  if (texts.length === 0) return [];
  const reason = texts.map(({ file, lines }) => `${file} ${saying(lines)}`).join('; ');
  const node = checkNode(TEXTS, 'Texts written for other settings');
  return [{ ...node, state: 'unchanged', reason, next: [CommandOf.texts], warn: true }];
}

function saying(lines: string[]): string {
  const [first = ''] = lines;
  const more = lines.length > 1 ? ` and ${lines.length - 1} more lines` : '';
  return `does not say "${first}"${more}`;
}
