import { asText, type Json } from './jsonl.ts';
import type { TraceStats, Usage } from './types.ts';

const KEYS = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'reasoning_tokens',
] as const;
export type TokenKey = (typeof KEYS)[number];
export type Tokens = Partial<Record<TokenKey, number | undefined>>;

export type Tally = ReturnType<typeof createTally>;

/**
 * Adds up what a log reports. One API response counts once, however many lines repeat it: of several reports under
 * one id the largest value of each field stands, since a streamed response reports growing numbers.
 */
export function createTally() {
  const responses = new Map<string, Tokens>();
  const tools = new Map<string, string>();
  const times: string[] = [];
  let model: string | undefined;
  return {
    time: (value: Json | undefined) => {
      const text = asText(value);
      if (text && !Number.isNaN(Date.parse(text))) times.push(new Date(text).toISOString());
    },
    model: (value: Json | undefined) => {
      model = asText(value) ?? model;
    },
    response: (id: string, tokens: Tokens) => responses.set(id, largest(responses.get(id) ?? {}, tokens)),
    /** The first name an id came with stands. */
    tool: (id: string, name: Json | undefined) => {
      if (!tools.has(id)) tools.set(id, asText(name) ?? 'unknown');
    },
    responses: () => responses.size,
    stats(sessionId: string, extensions: Record<string, number> = {}): TraceStats {
      const usage = sum([...responses.values()]);
      const sorted = times.sort();
      return {
        session_id: sessionId,
        ...(model ? { model } : {}),
        ...(sorted[0] ? { started_at: sorted[0] } : {}),
        ...(sorted.at(-1) ? { ended_at: sorted.at(-1) as string } : {}),
        ...(usage ? { usage } : {}),
        activity: { tool_calls: tools.size, tool_calls_by_name: countByName([...tools.values()]) },
        extensions: { ...(responses.size > 0 ? { api_requests: responses.size } : {}), ...extensions },
      };
    },
  };
}

function largest(a: Tokens, b: Tokens): Tokens {
  const merged: Tokens = {};
  for (const key of KEYS) {
    const values = [a[key], b[key]].filter((v) => v !== undefined);
    if (values.length > 0) merged[key] = Math.max(...values);
  }
  return merged;
}

/** Total = input + output + both kinds of cached input; reasoning is a part of the output. */
function sum(responses: Tokens[]): Usage | undefined {
  if (responses.every((r) => KEYS.every((key) => r[key] === undefined))) return undefined;
  const usage: Usage = {};
  for (const key of KEYS) {
    const values = responses.map((r) => r[key]).filter((v) => v !== undefined);
    if (values.length > 0) usage[key] = values.reduce((total, v) => total + v, 0);
  }
  const { input_tokens = 0, output_tokens = 0, cache_read_tokens = 0, cache_creation_tokens = 0 } = usage;
  return { total_tokens: input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens, ...usage };
}

function countByName(names: string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
