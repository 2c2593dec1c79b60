import type { LeaderboardRow } from '../data/types.ts';
import { isFor, type Message } from './message.ts';
import { toSeries } from './series.ts';

export interface News {
  any: boolean;
  messages: number;
  /** Older ones are not loaded, and there may be new ones among them. */
  messagesAtLeast: boolean;
  mentions: number;
  results: number;
  /** When the newest of all came. */
  latest: number | null;
  record: { filename: string; agent: string; score: number } | null;
}

interface Loaded {
  messages: readonly Message[];
  /** There are older ones. */
  more: boolean;
}

/** What came after `since` (ms), as far as it is loaded. */
export function newsSince(
  since: number,
  { messages, more }: Loaded,
  rows: readonly LeaderboardRow[],
  order: 'asc' | 'desc',
  me: string | null,
): News {
  const fresh = messages.filter((m) => (m.time ?? 0) > since);
  const { points, champion } = toSeries(rows, order, true);
  const results = points.filter((p) => p.time > since).length;
  const record = champion !== null && champion.time > since ? champion : null;
  return {
    any: fresh.length + results > 0,
    messages: fresh.length,
    messagesAtLeast: more && fresh.length === messages.length,
    mentions: me === null ? 0 : fresh.filter((m) => isFor(m.body, me)).length,
    results,
    latest: Math.max(messages[0]?.time ?? 0, ...points.slice(-1).map((p) => p.time)) || null,
    record,
  };
}
