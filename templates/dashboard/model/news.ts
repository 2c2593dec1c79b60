import type { LeaderboardRow } from '../data/types.ts';
import { isFor, type Message } from './message.ts';
import { toSeries } from './series.ts';

export interface News {
  any: boolean;
  messages: number;
  /** Older ones are not loaded, so there may be more. */
  messagesAtLeast: boolean;
  mentions: number;
  results: number;
  record: { filename: string; agent: string; score: number } | null;
}

/** What came after `since` (ms), as far as it is loaded. */
export function newsSince(
  since: number | null,
  messages: readonly Message[],
  rows: readonly LeaderboardRow[],
  order: 'asc' | 'desc',
  me: string | null,
): News {
  const from = since ?? Number.POSITIVE_INFINITY;
  const fresh = messages.filter((m) => (m.time ?? 0) > from);
  const { points, champion } = toSeries(rows, order, true);
  const results = points.filter((p) => p.time > from).length;
  const record = champion !== null && champion.time > from ? champion : null;
  return {
    any: fresh.length + results > 0,
    messages: fresh.length,
    messagesAtLeast: fresh.length > 0 && fresh.length === messages.length,
    mentions: me === null ? 0 : fresh.filter((m) => isFor(m.body, me)).length,
    results,
    record,
  };
}
