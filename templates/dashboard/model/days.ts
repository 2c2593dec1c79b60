import type { Message } from './message.ts';
import { dayOf } from './stamp.ts';

export type FeedItem =
  | { kind: 'day'; key: string; time: number }
  | { kind: 'message'; key: string; message: Message };

/** Newest first, with a divider above the first message of each local day. */
export function withDays(messages: readonly Message[]): FeedItem[] {
  const items: FeedItem[] = [];
  let last = '';
  for (const message of messages) {
    const day = message.time === null ? '' : dayOf(message.time);
    if (day !== last && message.time !== null)
      items.push({ kind: 'day', key: `day ${day}`, time: message.time });
    if (day !== '') last = day;
    items.push({ kind: 'message', key: message.filename, message });
  }
  return items;
}
