import type { Problem } from '@collab/contract/errors.ts';
import { z } from 'zod';

/** `preflight.json` of the harness folder: what can be checked of a submission before anything is billed. */
export const Preflight = z.object({
  required_files: z.array(z.string()).default([]),
  /** Files that must be JSON objects, with the keys they must have and a JSON Schema for each key they may have. */
  json_files: z
    .array(
      z.object({
        path: z.string(),
        required_keys: z.array(z.string()).default([]),
        /** Absent: any key will do. */
        properties: z.record(z.string(), z.json()).optional(),
      }),
    )
    .default([]),
  max_files: z.number().int().positive().optional(),
  /** Bytes of all files together. */
  max_bytes: z.number().int().positive().optional(),
});
export type Preflight = z.infer<typeof Preflight>;

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];
const MAX_ISSUES = 20;
export const MAX_JSON_BYTES = 1024 * 1024;

export interface SubmissionFiles {
  /** Relative path and size in bytes. */
  files: readonly { path: string; size: number }[];
  /** Text of one of them, at most {@link MAX_JSON_BYTES}. */
  text(path: string): Promise<string | null>;
}

/** Every problem of a submission that the declared checks can see: what the harness would refuse, before it is billed. */
export async function preflight(rules: Preflight, submission: SubmissionFiles): Promise<Problem[]> {
  const { files } = submission;
  const paths = new Set(files.map((file) => file.path));
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const problems: Problem[] = rules.required_files
    .filter((path) => !paths.has(path))
    .map((path) => ({ path, problem: 'the file is missing' }));
  if (rules.max_files !== undefined && files.length > rules.max_files)
    problems.push({ path: '', problem: `${files.length} files, at most ${rules.max_files}` });
  if (rules.max_bytes !== undefined && bytes > rules.max_bytes)
    problems.push({ path: '', problem: `${bytes} bytes, at most ${rules.max_bytes}` });
  for (const rule of rules.json_files)
    if (paths.has(rule.path)) problems.push(...(await jsonProblems(rule, submission)));
  return problems;
}

async function jsonProblems(
  rule: Preflight['json_files'][number],
  submission: SubmissionFiles,
): Promise<Problem[]> {
  const value = parse(await submission.text(rule.path));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ path: rule.path, problem: 'must be a JSON object' }];
  const missing = rule.required_keys
    .filter((key) => !Object.hasOwn(value, key))
    .map((key) => ({ path: rule.path, problem: `the key "${key}" is missing` }));
  const { properties } = rule;
  const known = properties === undefined ? {} : { properties, additionalProperties: false };
  const schema = z.fromJSONSchema({ type: 'object', ...known } as JsonSchema);
  const wrong = (schema.safeParse(value).error?.issues ?? []).slice(0, MAX_ISSUES).map((issue) => ({
    path: rule.path,
    problem: `${issue.path.join('.')}: ${issue.message}`,
  }));
  return [...missing, ...wrong];
}

function parse(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
