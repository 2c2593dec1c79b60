import type { Problem } from '@collab/contract/errors.ts';
import { parseTime } from '@collab/contract/stamps.ts';
import { z } from 'zod';

/** Tokens of one session that are still believed: a bound, so that one manifest cannot drown all others. */
export const MAX_TOKENS = 1e12;
export const MAX_COST_USD = 1e7;

const filled = z
  .union([z.string(), z.number(), z.boolean()])
  .refine((value) => value !== '', { message: 'must not be empty' });
const tokens = z.number().int().nonnegative().max(MAX_TOKENS).nullish();
const time = z
  .string()
  .refine((text) => parseTime(text) !== null, { message: 'must be a time' })
  .nullish();

const Manifest = z.looseObject({
  schema_version: filled,
  harness: filled,
  session_id: filled,
  usage: z
    .looseObject({
      total_tokens: tokens,
      input_tokens: tokens,
      output_tokens: tokens,
      cache_read_tokens: tokens,
      cache_creation_tokens: tokens,
      reasoning_tokens: tokens,
      cost_usd: z.number().nonnegative().max(MAX_COST_USD).nullish(),
    })
    .nullish(),
  activity: z.looseObject({ tool_calls: tokens }).nullish(),
  started_at: time,
  ended_at: time,
});
export type Manifest = z.infer<typeof Manifest>;

/** Checks a manifest as an agent hands it in: every problem at once. */
export function readManifest(
  frontmatter: Record<string, unknown>,
): { ok: true; manifest: Manifest } | { ok: false; problems: Problem[] } {
  const parsed = Manifest.safeParse(frontmatter);
  if (parsed.success) return { ok: true, manifest: parsed.data };
  const problems = parsed.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    problem: issue.message,
  }));
  return { ok: false, problems };
}

/** `full`: a harness that is known to log everything, with both figures. */
export function completeness({ harness, usage, activity }: Manifest): 'full' | 'partial' {
  const known = harness === 'claude-code' || harness === 'codex';
  const figures = typeof usage?.total_tokens === 'number' && typeof activity?.tool_calls === 'number';
  return known && figures ? 'full' : 'partial';
}

/**
 * Name of the log in the source folder. @returns a problem when it is none: not a single component, or the manifest
 */
export function logName(
  frontmatter: Record<string, unknown>,
): { name: string } | { problem: string; path: boolean } {
  const name = frontmatter.native_log_file;
  if (typeof name !== 'string' || name.trim() === '')
    return { problem: 'share=full needs native_log_file', path: false };
  if (name.includes('/') || name.startsWith('.') || name === 'manifest.md')
    return { problem: 'native_log_file must be one file name beside manifest.md', path: true };
  return { name };
}
