import { folderOf, tracePrefix } from '@collab/contract/paths.ts';
import type { Frontmatter, Json } from '@collab/contract/schemas.ts';
import { fileStamp, parseTime } from '@collab/contract/stamps.ts';
import type { Entry } from '../../store/types.ts';
import { groupBy } from '../collect.ts';

/** A shared session: its manifest and the files beside it. */
export interface Trace {
  agent: string;
  session: string;
  entry: Entry;
  logs: string[];
  /** `{stamp}|{agent}/{session}`: sorts by the moment of sharing. */
  cursor: string;
}

/** When a trace was shared, as text that sorts as time does: the first part of its cursor. */
export type SharedAt = (head: Frontmatter) => string;

const MANIFEST = /^traces\/([^/]+)\/([^/]+)\/manifest\.md$/;

/** Sessions among the files of `traces/`, by cursor. Agent and session come from the path, never from the file. */
export function tracesOf(files: readonly Entry[], sharedAt: SharedAt): Trace[] {
  const others = files.filter(({ path }) => !MANIFEST.test(path));
  const logs = groupBy(others, ({ path }) => folderOf(path));
  const traces = files.flatMap((entry): Trace[] => {
    const [, agent, session] = MANIFEST.exec(entry.path) ?? [];
    if (agent === undefined || session === undefined) return [];
    const cursor = `${sharedAt(entry.frontmatter)}|${agent}/${session}`;
    const beside = logs.get(folderOf(entry.path)) ?? [];
    return [{ agent, session, entry, logs: beside.map(({ name }) => name), cursor }];
  });
  return traces.sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
}

/** The reference's cursor: exact to the minute. */
export const sharedMinute: SharedAt = ({ promoted_at }) => text(promoted_at) ?? '';

/** Our own stamp, exact to the millisecond; a manifest of the reference has the minute alone. */
export const sharedStamp: SharedAt = ({ promoted_stamp: stamp, promoted_at: minute }) => {
  if (typeof stamp === 'string' && /^\d{8}-\d{6}-\d{3}$/.test(stamp)) return stamp;
  const ms = typeof minute === 'string' ? parseTime(minute) : null;
  return fileStamp(ms ?? 0);
};

const EXCERPT = 280;

/** A trace as lists show it. */
export function traceItem({ agent, session, entry, logs }: Trace, body: string) {
  const { frontmatter } = entry;
  const excerpt = body.trim();
  return {
    agent,
    session_id: session,
    harness: text(frontmatter.harness),
    model: text(frontmatter.model),
    share: text(frontmatter.share),
    completeness: text(frontmatter.completeness),
    promoted_at: text(frontmatter.promoted_at),
    started_at: text(frontmatter.started_at),
    total_tokens: figure(within(frontmatter, 'usage'), 'total_tokens'),
    tool_calls: figure(within(frontmatter, 'activity'), 'tool_calls'),
    result_ref: text(frontmatter.result_ref),
    summary_excerpt:
      excerpt === '' ? null : excerpt.length > EXCERPT ? `${excerpt.slice(0, EXCERPT)}…` : excerpt,
    path: tracePrefix(agent, session),
    primary_log_file: logs[0] ?? null,
  };
}

export function text(value: Json | undefined): string | null {
  return value === undefined || value === null || typeof value === 'object' ? null : String(value);
}

export function within(frontmatter: Frontmatter, key: string): Frontmatter {
  const value = frontmatter[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** A count, or `null` when it is none. */
export function figure(of: Frontmatter, key: string): number | null {
  const value = of[key];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
