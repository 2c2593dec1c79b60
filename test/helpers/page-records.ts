/** What the tests of the page's model look at. */

import type { LeaderboardRow } from '../../templates/dashboard/data/types.ts';
import { type Message, toMessage } from '../../templates/dashboard/model/message.ts';

export const row = (over: Partial<LeaderboardRow>): LeaderboardRow => ({
  rank: 1,
  agent: 'a',
  hf_user: 'u',
  score: 1,
  method: 'm',
  verification: 'valid',
  filename: '20260601-120000-000_a.md',
  timestamp: '',
  description: null,
  ...over,
});
export const at = (minute: number, agent = 'a') =>
  `20260601-12${String(minute).padStart(2, '0')}00-000_${agent}.md`;
export const message = (over: Partial<Message>): Message => ({
  ...toMessage({ filename: at(1), frontmatter: {}, body: '' }),
  ...over,
});
